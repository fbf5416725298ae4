#include <poll.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "testing/loopback_connection.h"

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

// What every client of HTTP/2 begins with (RFC 9113, 3.4).
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class Http1Connection final : public LoopbackConnection {
 public:
  Http1Connection(std::unique_ptr<LoopbackSocket> socket, std::uint64_t id,
                  const LoopbackOptions& options)
      : LoopbackConnection(std::move(socket), id), options_(options) {}

  short interest() const override {
    const bool writes = sent_ < out_.size() || socket_->wants_write();
    return static_cast<short>((reads_ ? POLLIN : 0) | (writes ? POLLOUT : 0));
  }
  SteadyTime deadline() const override {
    return body_ && sent_ == out_.size() ? ask_again_ : SteadyTime::max();
  }
  bool Move(short ready, SteadyTime now) override;
  std::optional<LoopbackRequest> NextRequest() override;
  void Answer(const LoopbackRequest& request,
              const LoopbackResponse& response) override;
  void SendChunk(const std::string& chunk) override {
    if (open_ && !chunk.empty()) Queue(Chunk(chunk));
  }
  void EndOpen() override;
  void GoAway() override { goes_away_ = true; }
  bool Flush(SteadyTime now) override;
  std::unique_ptr<LoopbackConnection> TakeUpgrade() override {
    if (!in_.starts_with(kHttp2Preface)) return nullptr;
    return NewHttp2Connection(std::move(socket_), id_, options_, std::move(in_));
  }

 private:
  void Queue(std::string_view bytes) { out_.append(bytes); }
  bool Write();
  void Pull(SteadyTime now);

  const LoopbackOptions& options_;
  std::string in_;
  std::string out_;
  std::size_t sent_ = 0;  // of `out_`
  std::optional<std::size_t> bytes_before_reset_;
  std::shared_ptr<LoopbackBody> body_;
  SteadyTime ask_again_ = SteadyTime::max();
  bool chunked_ = false;
  bool reads_ = true;
  bool answering_ = false;  // a response is under way, or never comes
  bool open_ = false;
  bool close_after_ = false;
  bool goes_away_ = false;
  bool continued_ = false;  // "100 Continue" has been said for the request at hand
};

bool Http1Connection::Move(short ready, SteadyTime now) {
  if (!reads_) {
    if ((ready & (POLLHUP | POLLERR)) != 0) return false;
  } else if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0 || socket_->wants_write()) {
    if (!socket_->Read(in_)) return false;
  }
  if (!answering_ && !in_.empty() && (in_[0] < 'A' || in_[0] > 'Z')) {
    // Not HTTP, TLS perhaps: as real servers do.
    in_.clear();
    close_after_ = true;
    Queue("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  }
  return Flush(now);
}

std::optional<LoopbackRequest> Http1Connection::NextRequest() {
  if (answering_ || in_.starts_with(kHttp2Preface.substr(0, 4))) return std::nullopt;
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

void Http1Connection::Answer(const LoopbackRequest&, const LoopbackResponse& response) {
  reads_ = !response.stop_reading;
  if (response.never_answer) return;
  if (response.raw) {
    close_after_ = response.close || goes_away_;
    bytes_before_reset_ = std::nullopt;
    body_ = response.raw;
    chunked_ = false;
    ask_again_ = SteadyTime::min();
    return;
  }
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " Scripted\r\n";
  bool has_length = false;
  close_after_ = response.close || goes_away_;
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
  if (response.close || goes_away_) head += "Connection: close\r\n";
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

void Http1Connection::EndOpen() {
  if (!open_) return;
  open_ = false;
  answering_ = false;
  Queue("0\r\n\r\n");
}

void Http1Connection::Pull(SteadyTime now) {
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

bool Http1Connection::Flush(SteadyTime now) {
  for (;;) {
    if (!Write()) return false;
    if (!body_ || sent_ < out_.size()) break;
    const std::size_t before = out_.size();
    Pull(now);
    if (body_ && out_.size() == before && ask_again_ > now) break;
  }
  if (close_after_ && !answering_ && out_.empty()) {
    socket_->CloseWriting();
    return false;
  }
  return true;
}

// Writes what fits. False: the connection is over.
bool Http1Connection::Write() {
  while (sent_ < out_.size() || bytes_before_reset_) {
    std::size_t size = out_.size() - sent_;
    if (bytes_before_reset_) {
      size = std::min(size, *bytes_before_reset_);
      if (size == 0) {
        Reset();
        return false;
      }
    }
    const std::ptrdiff_t n = socket_->Write(std::string_view(out_).substr(sent_, size));
    if (n < 0) return false;
    if (n == 0) return true;
    sent_ += static_cast<std::size_t>(n);
    if (bytes_before_reset_) *bytes_before_reset_ -= static_cast<std::size_t>(n);
  }
  out_.clear();
  sent_ = 0;
  return true;
}

}  // namespace

std::unique_ptr<LoopbackConnection> NewHttp1Connection(
    std::unique_ptr<LoopbackSocket> socket, std::uint64_t id,
    const LoopbackOptions& options) {
  return std::make_unique<Http1Connection>(std::move(socket), id, options);
}

}  // namespace k8sentry::testing::internal
