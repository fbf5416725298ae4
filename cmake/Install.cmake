if(K8SENTRY_LEAN_CURL)
  install(TARGETS k8sentry_cli) # nobody else can link that libcurl
  return()
endif()
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/k8sentry)

install(TARGETS k8sentry EXPORT k8sentry-targets FILE_SET HEADERS)
if(TARGET k8sentry_testing)
  # An export of its own: who does not ask for the fakes needs none of their libraries.
  install(TARGETS k8sentry_testing EXPORT k8sentry-testing-targets FILE_SET HEADERS)
  install(EXPORT k8sentry-testing-targets NAMESPACE k8sentry:: DESTINATION ${package_dir})
endif()
if(TARGET k8sentry_cli)
  install(TARGETS k8sentry_cli)
endif()
install(EXPORT k8sentry-targets NAMESPACE k8sentry:: DESTINATION ${package_dir})
configure_package_config_file(cmake/k8sentryConfig.cmake.in k8sentryConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(k8sentryConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/k8sentryConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/k8sentryConfigVersion.cmake cmake/Dependencies.cmake
  cmake/TestingDependencies.cmake
  DESTINATION ${package_dir})
