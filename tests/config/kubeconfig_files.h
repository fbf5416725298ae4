// A folder of one test, for files with kubeconfigs and what they refer to.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/base64.h"
#include "tests/authority.h"

namespace k8sentry::internal {

class Kubeconfig : public ::testing::Test {
 protected:
  Kubeconfig() {
    std::string pattern = ::testing::TempDir() + "k8sentry_kubeconfig_XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }

  // One for all: to make keys takes a while.
  static const Authority& ca() {
    static const Authority authority;
    return authority;
  }
  static const Identity& me() {
    static const Identity identity = ca().Sign("DNS:me");
    return identity;
  }

  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = dir_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  // A file with one cluster, user and context, whose maps hold these lines.
  std::string One(const std::string& cluster, const std::string& user) const {
    return Write("config",
                 "apiVersion: v1\nkind: Config\ncurrent-context: dev\n"
                 "contexts: [{name: dev, context: {cluster: c, user: u}}]\n"
                 "clusters:\n- name: c\n  cluster:\n    server: https://h:6443\n" +
                     cluster + "users:\n- name: u\n  user:\n    x: y\n" + user);
  }
  std::string dir_;
};

}  // namespace k8sentry::internal
