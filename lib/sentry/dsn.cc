// The DSN and what follows from it. (Sentry developer docs, DSN and authentication.)
#include <charconv>
#include <string>
#include <string_view>

#include "k8sentry/sentry_reporter.h"
#include "k8sentry/version.h"

namespace k8sentry {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
// RFC 3986, unreserved characters. Keys and project ids are words of these: none of
// them can end a header's value or change the meaning of a URL.
constexpr std::string_view kUnreserved =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

bool ConsistsOf(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

Status Wrong(std::string_view what) {
  return Status(StatusCode::kConfiguration,
                "DSN: " + std::string(what) +
                    "; it should look like https://KEY@HOST/PROJECT_ID");
}

// A secret read from a file often ends in a newline.
std::string_view WithoutSurroundingSpace(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

int DefaultPort(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

// "KEY" or "KEY:SECRET".
Status ReadKeys(std::string_view text, Dsn& dsn) {
  const std::size_t colon = text.find(':');
  const std::string_view key = text.substr(0, colon);
  const std::string_view secret =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (key.empty()) return Wrong("the public key before the @ is missing");
  if (!ConsistsOf(key, kUnreserved)) {
    return Wrong("the public key holds a character that no key has");
  }
  if (!ConsistsOf(secret, kUnreserved)) {
    return Wrong("the secret key holds a character that no key has");
  }
  dsn.public_key = Secret(std::string(key));
  dsn.secret_key = Secret(std::string(secret));
  return {};
}

Status ReadPort(std::string_view text, Dsn& dsn) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, dsn.port);
  if (error != std::errc() || stop != end || dsn.port < 1 || dsn.port > 65535) {
    return Wrong("the port is not a number from 1 to 65535");
  }
  return {};
}

// "HOST", "HOST:PORT", "[::1]" or "[::1]:PORT".
Status ReadHostAndPort(std::string_view text, Dsn& dsn) {
  std::size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || bracket < 3 ||
        !ConsistsOf(text.substr(1, bracket - 1), std::string(kHexDigits) + ":.")) {
      return Wrong("the IPv6 address in brackets cannot be read");
    }
    host_end = bracket + 1;
    if (host_end < text.size() && text[host_end] != ':') {
      return Wrong("something other than a port follows the IPv6 address");
    }
  } else if (!ConsistsOf(text.substr(0, host_end), std::string(kUnreserved))) {
    return Wrong("the host holds a character that no host name has");
  }
  dsn.host = Lower(text.substr(0, host_end));
  if (dsn.host.empty()) return Wrong("the host is missing");
  dsn.port = DefaultPort(dsn.scheme);
  if (host_end >= text.size()) return {};
  return ReadPort(text.substr(host_end + 1), dsn);
}

// "/PROJECT_ID" or "/PATH/PROJECT_ID", with or without a slash at its end.
Status ReadPath(std::string_view text, Dsn& dsn) {
  while (text.ends_with('/')) text.remove_suffix(1);
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) {
    return Wrong("the project id at the end is missing");
  }
  dsn.project_id = std::string(text.substr(slash + 1));
  if (!ConsistsOf(dsn.project_id, kUnreserved) || dsn.project_id == "." ||
      dsn.project_id == "..") {
    return Wrong("the project id holds a character that no project id has");
  }
  std::string_view path = text.substr(0, slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!ConsistsOf(path, std::string(kUnreserved) + "/%")) {
    return Wrong("the path before the project id holds a character that no path has");
  }
  dsn.path = std::string(path);
  return {};
}

// "HOST" or "HOST:PORT" as a URL of `dsn` has it.
std::string Authority(const Dsn& dsn) {
  if (dsn.port == DefaultPort(dsn.scheme)) return dsn.host;
  return dsn.host + ":" + std::to_string(dsn.port);
}

}  // namespace

Result<Dsn> ParseDsn(std::string_view text) {
  text = WithoutSurroundingSpace(text);
  if (text.empty()) return Wrong("it is empty");
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) {
    return Wrong("http:// or https:// at its beginning is missing");
  }
  Dsn dsn;
  dsn.scheme = Lower(text.substr(0, scheme_end));
  if (dsn.scheme != "http" && dsn.scheme != "https") {
    return Wrong("its scheme is neither http nor https");
  }
  // Query and fragment mean nothing in a DSN; every Sentry SDK passes over them.
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) {
    return Wrong("the public key before the @ is missing");
  }
  if (Status s = ReadKeys(authority.substr(0, at), dsn); !s.ok()) return s;
  if (Status s = ReadHostAndPort(authority.substr(at + 1), dsn); !s.ok()) return s;
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  if (Status s = ReadPath(path, dsn); !s.ok()) return s;
  return dsn;
}

std::string Dsn::envelope_url() const {
  return scheme + "://" + Authority(*this) + path + "/api/" + project_id + "/envelope/";
}

Secret Dsn::auth_header() const {
  std::string value = "Sentry sentry_version=7, sentry_client=k8sentry/";
  value += Version();
  value += ", sentry_key=" + public_key.Reveal();
  if (!secret_key.empty()) value += ", sentry_secret=" + secret_key.Reveal();
  return Secret(std::move(value));
}

std::string Dsn::redacted() const {
  return scheme + "://***@" + Authority(*this) + path + "/" + project_id;
}

}  // namespace k8sentry
