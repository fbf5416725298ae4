// Takes out of manifests, and of the text that describes them, what nobody needs to
// understand a failure and what may hold secrets under any name: values of environment
// variables, the data of Secrets, last-applied-configuration and managedFields.
#pragma once

#include <re2/re2.h>

#include <string>
#include <string_view>

namespace k8sentry::internal {

class ManifestRules {
 public:
  ManifestRules();

  // Scrubs `text` in place. Linear in its size.
  void Scrub(std::string& text) const;

 private:
  const RE2 env_json_, env_yaml_, env_go_, secret_kind_, secret_data_;
};

}  // namespace k8sentry::internal
