# What k8sentry::testing needs besides: HTTP/2 for its servers. Debian 12's nghttp2 has a
# pkg-config file only.
find_package(OpenSSL 3.0 REQUIRED COMPONENTS SSL)
find_package(PkgConfig REQUIRED)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)
set(K8SENTRY_TESTING_DEPENDENCIES OpenSSL::SSL PkgConfig::nghttp2)
