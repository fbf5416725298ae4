#include "delivery/telling_record.h"

#include <zlib.h>

#include <algorithm>
#include <type_traits>

#include "base/event_texts.h"

namespace k8sentry::internal {
namespace {

constexpr std::uint8_t kVersion = 2;  // 1 knew no release of an owner
constexpr std::string_view kMark = "\xF5K8\xF5";
// Times beyond the year 9999 are nobody's, and would overflow when they are shown.
constexpr std::int64_t kMaxMicroseconds = 253402300800'000'000;

template <typename Integer>
void PutInteger(Integer value, std::string& out) {
  auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  for (std::size_t i = 0; i < sizeof value; ++i) {
    out.push_back(static_cast<char>(bits >> 8 * i & 0xFF));
  }
}

template <typename Integer>
Integer IntegerAt(const char* bytes) {
  std::make_unsigned_t<Integer> bits = 0;
  for (std::size_t i = 0; i < sizeof bits; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    bits =
        static_cast<decltype(bits)>(bits | static_cast<decltype(bits)>(byte) << 8 * i);
  }
  return static_cast<Integer>(bits);
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <typename Integer>
  requires std::is_integral_v<Integer>
  void operator()(const Integer& value) {
    if constexpr (std::is_same_v<Integer, bool>) {
      out_.push_back(value ? 1 : 0);
    } else {
      PutInteger(value, out_);
    }
  }
  void operator()(std::string_view text) {
    PutInteger(static_cast<std::uint32_t>(text.size()), out_);
    out_ += text;
  }
  void operator()(const Time& time) { (*this)(time.time_since_epoch().count()); }
  void operator()(const std::optional<Time>& time) {
    (*this)(time.has_value());
    if (time) (*this)(*time);
  }
  void operator()(const TellingId& id) {
    out_.append(reinterpret_cast<const char*>(id.data()), id.size());
  }
  template <typename Enum>
  void Choice(const Enum& value, Enum) {
    out_.push_back(static_cast<char>(value));
  }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ended_well() const { return ok_ && bytes_.empty(); }

  template <typename Integer>
  requires std::is_integral_v<Integer>
  void operator()(Integer& value) {
    if constexpr (std::is_same_v<Integer, bool>) {
      const std::string_view byte = Take(1);
      value = !byte.empty() && byte[0] != 0;
    } else {
      const std::string_view taken = Take(sizeof value);
      if (!taken.empty()) value = IntegerAt<Integer>(taken.data());
    }
  }
  void operator()(std::string_view& text) {
    std::uint32_t size = 0;
    (*this)(size);
    text = Take(size);
  }
  void operator()(std::string& text) {
    std::string_view view;
    (*this)(view);
    text = view;
  }
  void operator()(Time& time) {
    std::int64_t microseconds = 0;
    (*this)(microseconds);
    if (microseconds < -kMaxMicroseconds || microseconds > kMaxMicroseconds) {
      ok_ = false;
      return;
    }
    time = Time(std::chrono::microseconds(microseconds));
  }
  void operator()(std::optional<Time>& time) {
    bool present = false;
    (*this)(present);
    if (present) (*this)(time.emplace());
  }
  void operator()(TellingId& id) {
    const std::string_view taken = Take(id.size());
    std::copy(taken.begin(), taken.end(), id.begin());
  }
  template <typename Enum>
  void Choice(Enum& value, Enum last) {
    std::uint8_t number = 0;
    (*this)(number);
    if (number > static_cast<std::uint8_t>(last)) ok_ = false;
    value = static_cast<Enum>(number);
  }

 private:
  // `n` bytes, or none when there are not so many.
  std::string_view Take(std::size_t n) {
    if (n > bytes_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view taken = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return taken;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

// The format: both directions pass here. To change it, raise kVersion.
template <typename Codec, typename SomeTelling, typename SomeEvent, typename Places>
void Fields(Codec& codec, SomeTelling& telling, SomeEvent& event, Places& replaces) {
  for (auto& place : replaces) {
    codec(place.segment);
    codec(place.offset);
  }
  codec(telling.id);
  codec.Choice(telling.kind, TellingKind::kEach);
  auto& key = telling.key;
  for (auto* part : {&key.cluster, &key.namespace_, &key.workload, &key.container,
                     &key.reason, &key.message_class, &telling.workload_kind}) {
    codec(*part);
  }
  codec(telling.sightings);
  codec(telling.swallowed);
  codec(telling.frames);
  codec(telling.first_seen);
  codec(telling.last_seen);

  codec.Choice(event.frame_type, FrameType::kMalformed);
  codec(event.stale);
  codec(event.retell);
  ForEachText(codec, event);
  for (auto* time :
       {&event.creation_timestamp, &event.first_timestamp, &event.last_timestamp,
        &event.event_time, &event.series_last_observed}) {
    codec(*time);
  }
  codec(event.count);
  codec(event.series_count);
}

std::uint32_t Crc(std::string_view length, std::string_view record) {
  const auto add = [](uLong crc, std::string_view bytes) {
    return crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()),
                 static_cast<uInt>(bytes.size()));
  };
  return static_cast<std::uint32_t>(add(add(crc32(0, nullptr, 0), length), record));
}

}  // namespace

void EncodeRecord(const Telling& telling, const Replaced& replaces, std::string& out) {
  out.push_back(static_cast<char>(kVersion));
  Writer writer(out);
  Fields(writer, telling, telling.event.view(), replaces);
}

std::optional<TellingRecord> DecodeRecord(std::string_view bytes) {
  if (bytes.empty() || static_cast<std::uint8_t>(bytes[0]) != kVersion) {
    return std::nullopt;
  }
  Reader reader(bytes.substr(1));
  TellingRecord record;
  Event event;
  Fields(reader, record.telling, event, record.replaces);
  if (!reader.ended_well() || record.telling.frames < 0) return std::nullopt;
  record.telling.event = OwnedEvent(event);
  return record;
}

void AppendFrame(std::string_view record, std::string& out) {
  std::string length;
  PutInteger(static_cast<std::uint32_t>(record.size()), length);
  out += kMark;
  out += length;
  PutInteger(Crc(length, record), out);
  out += record;
}

std::optional<FoundFrame> FindFrame(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find(kMark, from); at != text.npos;
       at = text.find(kMark, at + 1)) {
    const std::string_view rest = text.substr(at + kMark.size());
    if (rest.size() < kFrameHeaderBytes - kMark.size()) return std::nullopt;
    const auto length = IntegerAt<std::uint32_t>(rest.data());
    const auto crc = IntegerAt<std::uint32_t>(rest.data() + sizeof length);
    const std::string_view after = text.substr(at + kFrameHeaderBytes);
    if (length > after.size()) continue;
    const std::string_view record = after.substr(0, length);
    if (Crc(rest.substr(0, sizeof length), record) != crc) continue;
    return FoundFrame{at, at + kFrameHeaderBytes + length, record};
  }
  return std::nullopt;
}

}  // namespace k8sentry::internal
