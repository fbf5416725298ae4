#include "testing/fake_api_bodies.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

namespace k8sentry::testing::internal {
namespace {

using Piece = LoopbackBody::Piece;
using Then = LoopbackThen;

class TextBody final : public LoopbackBody {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Piece Next(SteadyTime) override { return {std::move(text_), Then::kEnd}; }

 private:
  std::string text_;
};

class GzipBody final : public LoopbackBody {
 public:
  explicit GzipBody(BodyPtr body) : body_(std::move(body)) {}
  Piece Next(SteadyTime now) override {
    Piece piece = body_->Next(now);
    if (!piece.bytes.empty()) piece.bytes = Gzip(piece.bytes);
    return piece;
  }

 private:
  BodyPtr body_;
};

// Lets pieces pass, says its lines, lets bytes pass, and strikes.
class StrikingBody final : public LoopbackBody {
 public:
  StrikingBody(BodyPtr body, const FakeFault& fault)
      : body_(std::move(body)),
        frames_left_(fault.after_frames),
        bytes_left_(fault.after_bytes),
        then_(fault.then) {
    for (const std::string& line : fault.lines) lines_ += line + "\n";
  }

  Piece Next(SteadyTime now) override {
    if (frames_left_ > 0) {
      Piece piece = body_->Next(now);
      if (!piece.bytes.empty()) --frames_left_;
      return piece;
    }
    if (!lines_.empty()) return {std::exchange(lines_, ""), Then::kMore};
    if (then_ == FakeFault::kGoOn) return body_->Next(now);
    if (bytes_left_ == 0) return {"", Strike()};
    Piece piece = body_->Next(now);
    if (piece.bytes.size() < bytes_left_) {
      bytes_left_ -= piece.bytes.size();
      return piece;
    }
    piece.bytes.resize(static_cast<std::size_t>(bytes_left_));
    bytes_left_ = 0;
    return {std::move(piece.bytes), Then::kMore};
  }

 private:
  Then Strike() const {
    switch (then_) {
      case FakeFault::kEnd:
        return Then::kEnd;
      case FakeFault::kClose:
        return Then::kClose;
      case FakeFault::kReset:
        return Then::kReset;
      default:
        return Then::kWait;
    }
  }

  BodyPtr body_;
  int frames_left_;
  std::uint64_t bytes_left_;
  FakeFault::Then then_;
  std::string lines_;
};

class DrippingBody final : public LoopbackBody {
 public:
  DrippingBody(BodyPtr body, Duration pause) : body_(std::move(body)), pause_(pause) {}

  Piece Next(SteadyTime now) override {
    if (now < next_) return {"", Then::kWait, next_};
    if (sent_ == held_.bytes.size()) {
      // The last byte of a piece leaves before what comes after it.
      if (held_.then == Then::kEnd || held_.then == Then::kClose ||
          held_.then == Then::kReset) {
        return {"", held_.then};
      }
      held_ = body_->Next(now);
      sent_ = 0;
      if (held_.bytes.empty()) return std::exchange(held_, {});
    }
    next_ = now + pause_;
    return {held_.bytes.substr(sent_++, 1), Then::kWait, next_};
  }

 private:
  BodyPtr body_;
  const Duration pause_;
  Piece held_;
  std::size_t sent_ = 0;
  SteadyTime next_ = SteadyTime::min();
};

constexpr std::string_view kGzipHead("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);

// Raw deflate of `text`, whose last block ends at a byte.
std::string Deflate(std::string_view text, int flush) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return "";
  }
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

uLong Crc(std::string_view text) {
  return crc32(0, reinterpret_cast<const Bytef*>(text.data()),
               static_cast<uInt>(text.size()));
}

void AppendLittleEndian(std::string& out, std::uint64_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

}  // namespace

BodyPtr NewTextBody(std::string text) {
  return std::make_shared<TextBody>(std::move(text));
}

BodyPtr NewFaultyBody(BodyPtr body, const FakeFault& fault) {
  if (fault.gzip) body = std::make_shared<GzipBody>(std::move(body));
  if (!fault.lines.empty() || fault.then != FakeFault::kGoOn) {
    body = std::make_shared<StrikingBody>(std::move(body), fault);
  }
  if (fault.drip > Duration::zero()) {
    body = std::make_shared<DrippingBody>(std::move(body), fault.drip);
  }
  return body;
}

std::string Gzip(std::string_view text) { return GzipBomb(0, text); }

std::string GzipBomb(std::uint64_t spaces, std::string_view text) {
  constexpr std::size_t kBlock = 1 << 20;
  std::string out(kGzipHead);
  uLong crc = crc32(0, nullptr, 0);
  const std::uint64_t blocks = spaces / kBlock;
  if (blocks > 0) {
    // A block that ends at a byte and looks back to nothing can be said again.
    const std::string plain(kBlock, ' ');
    const std::string block = Deflate(plain, Z_FULL_FLUSH);
    const uLong block_crc = Crc(plain);
    for (std::uint64_t i = 0; i < blocks; ++i) {
      out += block;
      crc = crc32_combine(crc, block_crc, kBlock);
    }
  }
  out += Deflate(text, Z_FINISH);
  crc = crc32_combine(crc, Crc(text), static_cast<z_off_t>(text.size()));
  AppendLittleEndian(out, crc);
  AppendLittleEndian(out, blocks * kBlock + text.size());
  return out;
}

}  // namespace k8sentry::testing::internal
