#include <cstdio>

#include "k8sentry/version.h"

int main() {
  std::printf("k8sentry %.*s\n", static_cast<int>(k8sentry::Version().size()),
              k8sentry::Version().data());
}
