// What the process says to its caller when it ends.
#pragma once

#include "k8sentry/status.h"

namespace k8sentry::cli {

enum ExitCode {
  kExitOk = 0,
  kExitFailure = 1,  // at run time: unreadable input, tellings left behind
  kExitUsage = 2,
  kExitConfiguration = 78,  // EX_CONFIG of sysexits.h
  kExitInterrupted = 130,
};

inline int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kInvalidArgument:
      return kExitUsage;
    case StatusCode::kConfiguration:
      return kExitConfiguration;
    default:
      return kExitFailure;
  }
}

}  // namespace k8sentry::cli
