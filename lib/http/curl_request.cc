#include "http/curl_request.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "http/status_of_curl.h"
#include "http/url.h"

namespace k8sentry::internal {
namespace {

// A head longer than this is an attack, or not HTTP.
constexpr std::size_t kMaxHeadBytes = 256 << 10;
std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// A proxy's URL may hold a password.
std::string WithoutUser(std::string url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == url.npos ? 0 : scheme + 3;
  const std::size_t end = std::min(url.find('/', begin), url.size());
  const std::size_t at = url.rfind('@', end);
  if (at != url.npos && at >= begin) url.erase(begin, at + 1 - begin);
  return url;
}

bool IsHeaderValue(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

}  // namespace

Result<std::unique_ptr<CurlRequest>> CurlRequest::New(
    HttpRequest request, HttpHandler& handler, const HttpTransportOptions& options) {
  std::unique_ptr<CurlRequest> made(
      new CurlRequest(std::move(request), handler, options.max_decoded_bytes));
  if (Status status = made->SetUp(options.user_agent); !status.ok()) return status;
  return made;
}

CurlRequest::~CurlRequest() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(connect_to_);
}

Status CurlRequest::SetUp(const std::string& user_agent) {
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return Status(StatusCode::kInternal, "libcurl has no memory");
  if (!IsToken(request_.method)) {
    return Status(StatusCode::kInvalidArgument, "the HTTP method is not a word");
  }
  Result<AddressRules> addresses = AddressRules::New(request_.addresses);
  if (!addresses.ok()) return addresses.status();
  addresses_ = *std::move(addresses);
  if (Status status = SetUpUrl(); !status.ok()) return status;
  if (Status status = SetUpProxy(); !status.ok()) return status;
  if (Status status = SetUpHeaders(user_agent); !status.ok()) return status;
  SetUpBody();
  SetUpConnection();
  SetUpTls();
  return {};
}

Status CurlRequest::SetUpUrl() {
  Result<UrlParts> url = ParseUrl(request_.url);
  if (!url.ok()) return url.status();
  if (url->scheme != "https" || request_.tls.server_name.empty()) {
    curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
    return {};
  }
  // libcurl announces and verifies the URL's host, so that becomes the other name; the
  // connection and the Host header keep the real one.
  Result<std::string> renamed = WithHost(request_.url, request_.tls.server_name);
  if (!renamed.ok()) return renamed.status();
  const std::string target = "::" + url->host + ":" + url->port;
  connect_to_ = curl_slist_append(nullptr, target.c_str());
  curl_easy_setopt(easy_, CURLOPT_URL, renamed->c_str());
  curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, connect_to_);
  host_header_ = url->port == "443" ? url->host : url->host + ":" + url->port;
  return {};
}

Status CurlRequest::SetUpProxy() {
  // Set even when empty: libcurl reads the environment for what is unset.
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "");
  if (request_.proxy.empty()) {
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    return {};
  }
  if (!addresses_.allow_all()) {
    return Status(StatusCode::kInvalidArgument,
                  "a proxy resolves names itself: no policy on addresses holds there");
  }
  std::string proxy = request_.proxy;
  // Go resolves names at a SOCKS proxy; libcurl calls that socks5h.
  if (proxy.starts_with("socks5://")) proxy.insert(6, "h");
  if (!proxy.starts_with("http://") && !proxy.starts_with("https://") &&
      !proxy.starts_with("socks5h://")) {
    return Status(StatusCode::kInvalidArgument,
                  "the proxy must begin with http://, https:// or socks5://");
  }
  curl_easy_setopt(easy_, CURLOPT_PROXY, proxy.c_str());
  return {};
}

bool CurlRequest::AddHeader(std::string_view name, std::string_view value) {
  if (!IsToken(name) || !IsHeaderValue(value)) return false;
  std::string line(name);
  // "Name;" is libcurl's way to write a header without a value.
  line.append(value.empty() ? ";" : ": ").append(value);
  headers_ = curl_slist_append(headers_, line.c_str());
  return true;
}

Status CurlRequest::SetUpHeaders(const std::string& user_agent) {
  // libcurl would wait a second for "100 Continue", and invent a content type.
  headers_ = curl_slist_append(headers_, "Expect:");
  const bool has_type =
      std::any_of(request_.headers.begin(), request_.headers.end(),
                  [](const auto& h) { return SameHeaderName(h.name, "Content-Type"); });
  if (!has_type) headers_ = curl_slist_append(headers_, "Content-Type:");
  bool good = host_header_.empty() || AddHeader("Host", host_header_);
  for (const HttpHeader& h : request_.headers)
    good = good && AddHeader(h.name, h.value);
  if (!request_.auth_header_name.empty()) {
    good = good &&
           AddHeader(request_.auth_header_name, request_.auth_header_value.Reveal());
  }
  if (!good) {
    return Status(StatusCode::kInvalidArgument,
                  "an HTTP header has a bad name, or a line break in its value");
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, user_agent.c_str());
  if (request_.accept_gzip && request_.group != ConnectionGroup::kWatch) {
    curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "gzip");
  }
  return {};
}

void CurlRequest::SetUpBody() {
  const std::string& method = request_.method;
  if (method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (method == "POST" || method == "PUT" || method == "PATCH" ||
             !request_.body.empty()) {
    // The least that libcurl takes: 64 KiB for each request are many for one issue.
    curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    if (request_.repeat == HttpRepeat::kNever) {
      // libcurl sends a request again when a kept connection turns out to be dead. It
      // cannot when it has no way back to the beginning of the body.
      curl_easy_setopt(easy_, CURLOPT_POST, 1L);
      curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &ReadBody);
      curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    } else {
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    }
    if (method != "POST")
      curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method != "GET") {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &OnHeaderLine);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &OnBodyBytes);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_);
}

std::size_t CurlRequest::ReadBody(char* data, std::size_t size, std::size_t count,
                                  void* self) {
  auto& request = *static_cast<CurlRequest*>(self);
  const std::size_t taken =
      request.request_.body.copy(data, size * count, request.body_read_);
  request.body_read_ += taken;
  return taken;
}

bool CurlRequest::body_went_out() const {
  const std::string& body = request_.body;
  if (body.empty()) return false;
  // What libcurl has read it may have sent; a repeat would have been a second reading.
  if (request_.repeat == HttpRepeat::kNever) return body_read_ == body.size();
  curl_off_t sent = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent);
  return sent >= static_cast<curl_off_t>(body.size());
}

std::size_t CurlRequest::OnHeaderLine(char* data, std::size_t size, std::size_t count,
                                      void* self) {
  return static_cast<CurlRequest*>(self)->TakeHeaderLine({data, size * count});
}

std::size_t CurlRequest::OnBodyBytes(char* data, std::size_t size, std::size_t count,
                                     void* self) {
  return static_cast<CurlRequest*>(self)->TakeBody({data, size * count});
}

std::size_t CurlRequest::TakeHeaderLine(std::string_view line) {
  if (handler_ == nullptr) return 0;   // any other number than asked for is an error
  if (head_done_) return line.size();  // a trailer
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHeadBytes) {
    own_error_ = "the response's head is too long";
    return 0;
  }
  const std::string_view text = Trim(line);
  if (text.starts_with("HTTP/")) {
    head_ = {};
    const std::size_t space = std::min(text.find(' '), text.size() - 1);
    std::from_chars(text.data() + space + 1, text.data() + text.size(), head_.status);
  } else if (text.empty()) {
    if (head_.status / 100 == 1)
      return line.size();  // "100 Continue": the head comes yet
    head_done_ = true;
    handler_->OnHead(head_);
    if (handler_ == nullptr) return 0;
  } else if (const std::size_t colon = text.find(':'); colon != text.npos) {
    head_.headers.push_back({std::string(Trim(text.substr(0, colon))),
                             std::string(Trim(text.substr(colon + 1)))});
  }
  return line.size();
}

std::size_t CurlRequest::TakeBody(std::string_view bytes) {
  if (handler_ == nullptr) return 0;
  if (paused_) return CURL_WRITEFUNC_PAUSE;  // libcurl keeps the piece
  body_bytes_ += bytes.size();
  if (request_.accept_gzip && body_bytes_ > max_decoded_bytes_) {
    own_error_ = "the decompressed response is too long";
    return 0;
  }
  const BodyFlow flow = handler_->OnBody(bytes);
  if (handler_ == nullptr) return 0;
  if (flow == BodyFlow::kPause) {
    paused_ = true;
    curl_easy_pause(easy_, CURLPAUSE_RECV);
  }
  return bytes.size();
}

CURLcode CurlRequest::Resume() {
  if (!paused_) return CURLE_OK;
  paused_ = false;
  return curl_easy_pause(easy_, CURLPAUSE_CONT);
}

std::string CurlRequest::Detail(CURLcode code) const {
  std::string detail = error_;
  long number = 0;
  // libcurl says that it could not connect, and keeps to itself why.
  if (code == CURLE_COULDNT_CONNECT &&
      curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &number) == CURLE_OK && number != 0) {
    const std::string why = std::generic_category().message(static_cast<int>(number));
    if (detail.find(why) == detail.npos) detail += " (" + why + ")";
  }
  return detail;
}

Status CurlRequest::StatusOf(CURLcode code) const {
  if (code == CURLE_OK) return {};
  if (!refused_address_.empty() && !opened_socket_) {
    return Status(StatusCode::kConfiguration,
                  "the policy on addresses refuses " + refused_address_);
  }
  const Status status = own_error_ != nullptr
                            ? Status(StatusCode::kUnavailable, own_error_)
                            : StatusOfCurl(code, Detail(code));
  if (request_.proxy.empty()) return status;
  // Whom the message is about is not clear without it; and waiting gives no login.
  long answer = 0;
  curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &answer);
  return Status(
      answer == 407 ? StatusCode::kConfiguration : status.code(),
      status.message() + "; asked through the proxy " + WithoutUser(request_.proxy));
}

}  // namespace k8sentry::internal
