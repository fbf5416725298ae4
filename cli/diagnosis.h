// What `k8sentry doctor` has found out, for a person or a program.
#pragma once

#include <string>
#include <vector>

#include "k8sentry/cluster_check.h"
#include "terminal.h"

namespace k8sentry::cli {

struct Diagnosis {
  // Where all of it comes from; no credential is in it. Empty: none.
  std::string origin, server, credential, proxy;
  std::string sentry;  // the redacted DSN
  std::string user;    // as the server says
  std::vector<Finding> findings;

  std::size_t count(FindingLevel level) const;
  // All rules that are missing, as what kubectl applies.
  std::string role() const;
};

// For a terminal: nothing in it can harm it.
std::string DiagnosisText(const Diagnosis& diagnosis, const Painter& paint);
// One object and a newline.
std::string DiagnosisJson(const Diagnosis& diagnosis);

}  // namespace k8sentry::cli
