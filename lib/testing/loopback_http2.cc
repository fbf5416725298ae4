// HTTP/2, by nghttp2: a stream for each request, and all of them at once.
#include <nghttp2/nghttp2.h>
#include <poll.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "testing/loopback_connection.h"

namespace k8sentry::testing::internal {
namespace {

// Written ahead of the socket at most.
constexpr std::size_t kMaxAheadBytes = 64 << 10;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Headers of HTTP/1.1 that HTTP/2 forbids (RFC 9113, 8.2.2).
bool IsForbidden(const std::string& name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive";
}

class Http2Connection final : public LoopbackConnection {
 public:
  Http2Connection(std::unique_ptr<LoopbackSocket> socket, std::uint64_t id,
                  const LoopbackOptions& options, std::string input);
  ~Http2Connection() override { nghttp2_session_del(session_); }

  short interest() const override {
    const bool writes = sent_ < out_.size() || socket_->wants_write();
    return static_cast<short>((reads_ ? POLLIN : 0) | (writes ? POLLOUT : 0));
  }
  SteadyTime deadline() const override;
  bool Move(short ready, SteadyTime now) override;
  std::optional<LoopbackRequest> NextRequest() override;
  void Answer(const LoopbackRequest& request,
              const LoopbackResponse& response) override;
  void SendChunk(const std::string& chunk) override;
  void EndOpen() override;
  void GoAway() override;
  bool Flush(SteadyTime now) override;

 private:
  struct Stream {
    LoopbackRequest request;
    // The response: bytes, then what `body` gives, then more if it stays open.
    std::string bytes;
    std::size_t sent = 0;
    std::shared_ptr<LoopbackBody> body;
    std::optional<std::size_t> bytes_before_reset;
    bool open = false;
    bool waits = false;  // for `ask_again`, or to be woken
    SteadyTime ask_again = SteadyTime::max();
  };

  static Http2Connection& Self(void* self) {
    return *static_cast<Http2Connection*>(self);
  }
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame,
                      const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                      void* self);
  static int OnData(nghttp2_session*, std::uint8_t, std::int32_t stream,
                    const std::uint8_t* data, std::size_t size, void* self);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnClose(nghttp2_session*, std::int32_t stream, std::uint32_t, void* self);
  static ssize_t OnRead(nghttp2_session*, std::int32_t stream, std::uint8_t* buffer,
                        std::size_t size, std::uint32_t* flags, nghttp2_data_source*,
                        void* self);
  bool Feed();
  ssize_t ReadBody(Stream& stream, std::uint8_t* buffer, std::size_t size,
                   std::uint32_t* flags);
  // Whether there is more than what was there, after asking the body.
  ssize_t Pull(Stream& stream, std::uint32_t* flags);

  nghttp2_session* session_ = nullptr;
  std::string in_, out_;
  std::size_t sent_ = 0;  // of `out_`
  std::map<std::int32_t, Stream> streams_;
  std::deque<std::int32_t> whole_;  // requests that nobody has taken yet
  SteadyTime now_ = SteadyTime::min();
  bool reads_ = true;
  bool over_ = false;   // the connection ends when all is written,
  bool reset_ = false;  // with RST
};

Http2Connection::Http2Connection(std::unique_ptr<LoopbackSocket> socket,
                                 std::uint64_t id, const LoopbackOptions& options,
                                 std::string input)
    : LoopbackConnection(std::move(socket), id), in_(std::move(input)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &OnFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &OnClose);
  nghttp2_session_server_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.upload_window_bytes}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
}

SteadyTime Http2Connection::deadline() const {
  SteadyTime next = SteadyTime::max();
  if (sent_ < out_.size()) return next;
  for (const auto& [id, stream] : streams_) {
    if (stream.waits) next = std::min(next, stream.ask_again);
  }
  return next;
}

bool Http2Connection::Move(short ready, SteadyTime now) {
  if (!reads_) {
    if ((ready & (POLLHUP | POLLERR)) != 0) return false;
  } else if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0 || socket_->wants_write()) {
    if (!socket_->Read(in_)) return false;
  }
  return Feed() && Flush(now);
}

bool Http2Connection::Feed() {
  if (in_.empty()) return true;
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(in_.data()), in_.size());
  in_.clear();
  return taken >= 0;
}

std::optional<LoopbackRequest> Http2Connection::NextRequest() {
  while (!whole_.empty()) {
    const auto stream = streams_.find(whole_.front());
    whole_.pop_front();
    if (stream != streams_.end()) return stream->second.request;
  }
  return std::nullopt;
}

void Http2Connection::Answer(const LoopbackRequest& request,
                             const LoopbackResponse& response) {
  const auto id = static_cast<std::int32_t>(request.stream);
  const auto found = streams_.find(id);
  reads_ = !response.stop_reading;
  if (found == streams_.end() || response.never_answer) return;
  Stream& stream = found->second;
  stream.bytes = response.body;
  for (const std::string& chunk : response.chunks) stream.bytes += chunk;
  stream.body = response.stream;
  stream.open = response.stay_open;
  stream.bytes_before_reset = response.reset_after_bytes;

  std::vector<HttpHeader> headers = {{":status", std::to_string(response.status)}};
  bool close = response.close;
  for (const HttpHeader& header : response.headers) {
    const std::string name = Lower(header.name);
    close = close || (name == "connection" && header.value == "close");
    if (!IsForbidden(name)) headers.push_back({name, header.value});
  }
  std::vector<nghttp2_nv> fields;
  for (HttpHeader& header : headers) {
    fields.push_back({reinterpret_cast<std::uint8_t*>(header.name.data()),
                      reinterpret_cast<std::uint8_t*>(header.value.data()),
                      header.name.size(), header.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  nghttp2_data_provider provider = {};
  provider.read_callback = &OnRead;
  nghttp2_submit_response(session_, id, fields.data(), fields.size(), &provider);
  if (close) GoAway();  // as Go's server does
}

void Http2Connection::SendChunk(const std::string& chunk) {
  for (auto& [id, stream] : streams_) {
    if (stream.open) stream.bytes += chunk;
  }
}

void Http2Connection::EndOpen() {
  for (auto& [id, stream] : streams_) stream.open = false;
}

void Http2Connection::GoAway() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

bool Http2Connection::Flush(SteadyTime now) {
  now_ = now;
  for (auto& [id, stream] : streams_) {
    if (std::exchange(stream.waits, false)) nghttp2_session_resume_data(session_, id);
  }
  for (;;) {
    while (out_.size() - sent_ < kMaxAheadBytes) {
      const std::uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size < 0) return false;
      if (size == 0) break;
      out_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    }
    if (sent_ == out_.size()) break;
    const std::ptrdiff_t n = socket_->Write(std::string_view(out_).substr(sent_));
    if (n < 0) return false;
    if (n == 0) return true;
    sent_ += static_cast<std::size_t>(n);
    if (sent_ == out_.size()) {
      out_.clear();
      sent_ = 0;
    }
  }
  if (reset_) socket_->Reset();
  if (!over_ && (nghttp2_session_want_read(session_) != 0 ||
                 nghttp2_session_want_write(session_) != 0)) {
    return true;
  }
  if (!reset_) socket_->CloseWriting();
  return false;
}

int Http2Connection::OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame,
                                    void* self) {
  Http2Connection& connection = Self(self);
  LoopbackRequest& request = connection.streams_[frame->hd.stream_id].request;
  request.connection = connection.id_;
  request.stream = static_cast<std::uint32_t>(frame->hd.stream_id);
  return 0;
}

int Http2Connection::OnHeader(nghttp2_session*, const nghttp2_frame* frame,
                              const std::uint8_t* name, std::size_t name_size,
                              const std::uint8_t* value, std::size_t value_size,
                              std::uint8_t, void* self) {
  LoopbackRequest& request = Self(self).streams_[frame->hd.stream_id].request;
  const std::string key(reinterpret_cast<const char*>(name), name_size);
  std::string text(reinterpret_cast<const char*>(value), value_size);
  if (key == ":method") {
    request.method = std::move(text);
  } else if (key == ":path") {
    request.target = std::move(text);
  } else {
    request.headers.push_back({key == ":authority" ? "host" : key, std::move(text)});
  }
  return 0;
}

int Http2Connection::OnData(nghttp2_session*, std::uint8_t, std::int32_t stream,
                            const std::uint8_t* data, std::size_t size, void* self) {
  Self(self).streams_[stream].request.body.append(reinterpret_cast<const char*>(data),
                                                  size);
  return 0;
}

int Http2Connection::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  const bool request =
      frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (request && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    Self(self).whole_.push_back(frame->hd.stream_id);
  }
  return 0;
}

int Http2Connection::OnClose(nghttp2_session*, std::int32_t stream, std::uint32_t,
                             void* self) {
  Self(self).streams_.erase(stream);
  return 0;
}

ssize_t Http2Connection::OnRead(nghttp2_session*, std::int32_t stream,
                                std::uint8_t* buffer, std::size_t size,
                                std::uint32_t* flags, nghttp2_data_source*,
                                void* self) {
  Http2Connection& connection = Self(self);
  return connection.ReadBody(connection.streams_[stream], buffer, size, flags);
}

ssize_t Http2Connection::ReadBody(Stream& stream, std::uint8_t* buffer,
                                  std::size_t size, std::uint32_t* flags) {
  if (stream.bytes_before_reset) {
    size = std::min(size, *stream.bytes_before_reset);
    if (size == 0) {
      over_ = reset_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
  }
  while (stream.sent == stream.bytes.size()) {
    stream.bytes.clear();
    stream.sent = 0;
    if (const ssize_t end = Pull(stream, flags); end != 0 || *flags != 0) return end;
  }
  const std::size_t taken =
      stream.bytes.copy(reinterpret_cast<char*>(buffer), size, stream.sent);
  stream.sent += taken;
  if (stream.bytes_before_reset) *stream.bytes_before_reset -= taken;
  return static_cast<ssize_t>(taken);
}

ssize_t Http2Connection::Pull(Stream& stream, std::uint32_t* flags) {
  stream.ask_again = SteadyTime::max();
  if (!stream.body) {
    stream.waits = stream.open;
    if (stream.open) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return 0;
  }
  LoopbackBody::Piece piece = stream.body->Next(now_);
  stream.bytes = std::move(piece.bytes);
  switch (piece.then) {
    case LoopbackThen::kMore:
      return 0;
    case LoopbackThen::kWait:
      stream.ask_again = piece.ask_again;
      stream.waits = stream.bytes.empty();
      return stream.waits ? static_cast<ssize_t>(NGHTTP2_ERR_DEFERRED) : 0;
    case LoopbackThen::kEnd:
      stream.body.reset();
      return 0;
    case LoopbackThen::kClose:
      over_ = true;
      return NGHTTP2_ERR_DEFERRED;
    case LoopbackThen::kReset:
      // Which nghttp2 says as RST_STREAM(INTERNAL_ERROR).
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  return 0;
}

}  // namespace

std::unique_ptr<LoopbackConnection> NewHttp2Connection(
    std::unique_ptr<LoopbackSocket> socket, std::uint64_t id,
    const LoopbackOptions& options, std::string input) {
  return std::make_unique<Http2Connection>(std::move(socket), id, options,
                                           std::move(input));
}

}  // namespace k8sentry::testing::internal
