#include "testing/loopback_connection.h"

#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>

namespace k8sentry::testing::internal {
namespace {

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

// Reads the head of a request, without its empty line.
LoopbackRequest ParseHead(std::string_view head) {
  LoopbackRequest request;
  bool first = true;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    const std::string_view line = Trim(head.substr(0, end));
    head.remove_prefix(std::min(end + 1, head.size()));
    if (first) {
      const std::size_t space = line.find(' ');
      request.method = line.substr(0, space);
      if (space != line.npos) {
        const std::string_view rest = line.substr(space + 1);
        request.target = rest.substr(0, rest.rfind(' '));
      }
      first = false;
    } else if (const std::size_t colon = line.find(':'); colon != line.npos) {
      request.headers.push_back({std::string(line.substr(0, colon)),
                                 std::string(Trim(line.substr(colon + 1)))});
    }
  }
  return request;
}

// Moves one chunked body from the front of `in` to `body`: how many bytes it took, or
// nothing while it is not whole.
std::optional<std::size_t> ParseChunked(std::string_view in, std::string& body) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t line = in.find("\r\n", at);
    if (line == in.npos) return std::nullopt;
    std::size_t size = 0;
    std::from_chars(in.data() + at, in.data() + line, size, 16);
    at = line + 2;
    if (in.size() < at + size + 2) return std::nullopt;
    body.append(in.substr(at, size));
    at += size + 2;
    if (size == 0) return at;
  }
}

std::string Chunk(std::string_view bytes) {
  char size[32];
  const int n = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return std::string(size, static_cast<std::size_t>(n)).append(bytes).append("\r\n");
}

}  // namespace

LoopbackConnection::LoopbackConnection(int fd, std::uint64_t id,
                                       std::unique_ptr<TlsSession> tls)
    : fd_(fd), id_(id), tls_(std::move(tls)) {}

LoopbackConnection::~LoopbackConnection() {
  tls_.reset();
  close(fd_);
}

short LoopbackConnection::interest() const {
  const bool writes = sent_ < out_.size() || (tls_ && tls_->wants_write());
  return static_cast<short>((reads_ ? POLLIN : 0) | (writes ? POLLOUT : 0));
}

bool LoopbackConnection::Move(short ready, SteadyTime now) {
  if (!reads_) {
    if ((ready & (POLLHUP | POLLERR)) != 0) return false;
  } else if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0 ||
             (tls_ && tls_->wants_write())) {
    if (!Read()) return false;
  }
  if (!answering_ && !in_.empty() && (in_[0] < 'A' || in_[0] > 'Z')) {
    // Not HTTP, TLS perhaps: as real servers do.
    in_.clear();
    close_after_ = true;
    Queue("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  }
  return Flush(now);
}

bool LoopbackConnection::Read() {
  char buffer[64 << 10];
  for (;;) {
    const ssize_t n =
        tls_ ? tls_->Read(buffer, sizeof buffer) : recv(fd_, buffer, sizeof buffer, 0);
    if (n > 0) {
      in_.append(buffer, static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      return n < 0 && errno == EAGAIN;
    }
  }
}

std::optional<LoopbackRequest> LoopbackConnection::NextRequest() {
  if (answering_) return std::nullopt;
  const std::size_t head_end = in_.find("\r\n\r\n");
  if (head_end == in_.npos) return std::nullopt;
  LoopbackRequest request = ParseHead(std::string_view(in_).substr(0, head_end));
  request.connection = id_;
  const std::string_view rest = std::string_view(in_).substr(head_end + 4);
  std::size_t body_bytes = 0;
  if (SameName(request.header("Transfer-Encoding"), "chunked")) {
    const std::optional<std::size_t> taken = ParseChunked(rest, request.body);
    body_bytes = taken ? *taken : in_.npos;
  } else {
    const std::string_view length = request.header("Content-Length");
    std::from_chars(length.data(), length.data() + length.size(), body_bytes);
    request.body = rest.substr(0, body_bytes);
  }
  if (body_bytes > rest.size()) {
    if (!continued_ && !request.header("Expect").empty()) {
      continued_ = true;
      Queue("HTTP/1.1 100 Continue\r\n\r\n");
    }
    return std::nullopt;
  }
  in_.erase(0, head_end + 4 + body_bytes);
  answering_ = true;
  continued_ = false;
  return request;
}

void LoopbackConnection::Answer(const LoopbackResponse& response) {
  reads_ = !response.stop_reading;
  if (response.never_answer) return;
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " Scripted\r\n";
  bool has_length = false;
  close_after_ = response.close;
  for (const HttpHeader& header : response.headers) {
    head += header.name + ": " + header.value + "\r\n";
    has_length = has_length || SameName(header.name, "Content-Length");
    close_after_ = close_after_ ||
                   (SameName(header.name, "Connection") && header.value == "close");
  }
  const bool chunked = response.stay_open || !response.chunks.empty() ||
                       (response.stream && !has_length);
  if (chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (!has_length && !bodiless) {
    head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  if (response.close) head += "Connection: close\r\n";
  bytes_before_reset_ = response.reset_after_bytes;
  open_ = response.stay_open && !bytes_before_reset_;
  Queue(head + "\r\n");
  if (!chunked) Queue(response.body);
  if (!response.body.empty() && chunked) Queue(Chunk(response.body));
  for (const std::string& chunk : response.chunks) Queue(Chunk(chunk));
  body_ = response.stream;
  chunked_ = chunked;
  ask_again_ = SteadyTime::min();
  if (chunked && !response.stay_open && !body_) Queue("0\r\n\r\n");
  if (!open_ && !body_ && !bytes_before_reset_) answering_ = false;
}

void LoopbackConnection::SendChunk(const std::string& chunk) {
  if (open_ && !chunk.empty()) Queue(Chunk(chunk));
}

void LoopbackConnection::EndOpen() {
  if (!open_) return;
  open_ = false;
  answering_ = false;
  Queue("0\r\n\r\n");
}

void LoopbackConnection::Queue(std::string_view bytes) { out_.append(bytes); }

void LoopbackConnection::Pull(SteadyTime now) {
  LoopbackBody::Piece piece = body_->Next(now);
  ask_again_ = piece.ask_again;
  if (!piece.bytes.empty()) Queue(chunked_ ? Chunk(piece.bytes) : piece.bytes);
  if (piece.then == LoopbackThen::kMore) ask_again_ = SteadyTime::min();
  if (piece.then == LoopbackThen::kMore || piece.then == LoopbackThen::kWait) return;
  body_.reset();
  if (piece.then == LoopbackThen::kReset) {
    bytes_before_reset_ = out_.size() - sent_;
    return;
  }
  answering_ = false;
  if (piece.then == LoopbackThen::kClose) {
    close_after_ = true;
  } else if (chunked_) {
    Queue("0\r\n\r\n");
  }
}

bool LoopbackConnection::Flush(SteadyTime now) {
  for (;;) {
    if (!Write()) return false;
    if (!body_ || sent_ < out_.size()) break;
    const std::size_t before = out_.size();
    Pull(now);
    if (body_ && out_.size() == before && ask_again_ > now) break;
  }
  if (close_after_ && !answering_ && out_.empty()) {
    shutdown(fd_, SHUT_WR);
    return false;
  }
  return true;
}

void LoopbackConnection::Reset() {
  // Closing a lingering socket with a limit of 0 sends RST instead of FIN.
  const linger at_once = {1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// Writes what fits. False: the connection is over.
bool LoopbackConnection::Write() {
  while (sent_ < out_.size() || bytes_before_reset_) {
    std::size_t size = out_.size() - sent_;
    if (bytes_before_reset_) {
      size = std::min(size, *bytes_before_reset_);
      if (size == 0) {
        Reset();
        return false;
      }
    }
    const ssize_t n = tls_ ? tls_->Write(out_.data() + sent_, size)
                           : send(fd_, out_.data() + sent_, size, MSG_NOSIGNAL);
    if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR);
    sent_ += static_cast<std::size_t>(n);
    if (bytes_before_reset_) *bytes_before_reset_ -= static_cast<std::size_t>(n);
  }
  out_.clear();
  sent_ = 0;
  return true;
}

}  // namespace k8sentry::testing::internal
