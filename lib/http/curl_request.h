// One HTTP request as a libcurl easy handle, and its response on the way to a handler.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "http/address_rules.h"
#include "k8sentry/http_transport.h"

namespace k8sentry::internal {

class CurlRequest {
 public:
  // Errors: kInvalidArgument (a URL, proxy, CIDR, method or header that cannot be
  // used).
  static Result<std::unique_ptr<CurlRequest>> New(HttpRequest request,
                                                  HttpHandler& handler,
                                                  const HttpTransportOptions& options);
  ~CurlRequest();
  CurlRequest(const CurlRequest&) = delete;
  CurlRequest& operator=(const CurlRequest&) = delete;

  CURL* easy() const { return easy_; }
  ConnectionGroup group() const { return request_.group; }
  const AddressRules& addresses() const { return addresses_; }
  // Uses no connection of another request, and leaves its own to none.
  void KeepConnectionApart();

  // Null once the request was cancelled.
  HttpHandler* handler() const { return handler_; }
  void Forget() { handler_ = nullptr; }

  // Lets a paused body flow again. Its handler may be called inside.
  CURLcode Resume();
  // What the handler is to be told at the end.
  Status StatusOf(CURLcode code) const;
  // Whether there was a body, and the network has all of it. Asked at the end.
  bool body_went_out() const;

  // The transport's id of it, and of its pool.
  HttpRequestId id = 0;
  std::size_t pool = 0;

 private:
  CurlRequest(HttpRequest request, HttpHandler& handler,
              std::uint64_t max_decoded_bytes)
      : request_(std::move(request)),
        handler_(&handler),
        max_decoded_bytes_(max_decoded_bytes) {}

  std::string Detail(CURLcode code) const;
  Status SetUp(const std::string& user_agent);
  Status SetUpUrl();
  Status SetUpProxy();
  Status SetUpHeaders(const std::string& user_agent);
  void SetUpBody();
  void SetUpConnection();
  void SetUpTls();
  bool AddHeader(std::string_view name, std::string_view value);

  static curl_socket_t OpenSocket(void* self, curlsocktype, curl_sockaddr* address);
  static std::size_t ReadBody(char* data, std::size_t size, std::size_t count,
                              void* self);
  static std::size_t OnHeaderLine(char* data, std::size_t size, std::size_t count,
                                  void* self);
  static std::size_t OnBodyBytes(char* data, std::size_t size, std::size_t count,
                                 void* self);
  std::size_t TakeHeaderLine(std::string_view line);
  std::size_t TakeBody(std::string_view bytes);

  HttpRequest request_;  // libcurl points into it
  AddressRules addresses_;
  std::string refused_address_;  // the last one; empty: none
  bool opened_socket_ = false;
  std::size_t body_read_ = 0;  // what libcurl took by ReadBody
  HttpHandler* handler_;
  const std::uint64_t max_decoded_bytes_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  std::string host_header_;  // only when TLS goes by another name
  HttpResponseHead head_;
  std::size_t head_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool head_done_ = false;
  bool paused_ = false;
  const char* own_error_ = nullptr;  // why we, not libcurl, ended it
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace k8sentry::internal
