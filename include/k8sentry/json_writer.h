// A JsonWriter appends compact JSON to a string, and takes hostile text.
//
// Strings are escaped so that neither a parser nor a terminal nor a log can be tricked:
// besides what JSON demands, DEL, C1, U+2028/9 and bidi controls leave as \uXXXX, and
// bytes that are not UTF-8 as U+FFFD. Commas are the writer's business:
//
//   std::string out;
//   k8sentry::JsonWriter json(out);
//   json.BeginObject();
//   json.Key("reason").String("BackOff");
//   json.Key("count").Number(3);
//   json.EndObject();               // {"reason":"BackOff","count":3}
//
// Threads: one at a time per instance. Allocates only as `out` grows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace k8sentry {

class JsonWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();

  // Requires: directly inside an object; a value follows.
  JsonWriter& Key(std::string_view key);

  JsonWriter& String(std::string_view value);
  JsonWriter& Number(std::int64_t value);
  JsonWriter& Number(std::uint64_t value);
  JsonWriter& Number(int value) { return Number(static_cast<std::int64_t>(value)); }
  // The shortest text that reads back as the same double; not finite becomes null.
  JsonWriter& Number(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // `json` as it is. Requires: one valid JSON value.
  JsonWriter& Raw(std::string_view json);

 private:
  void BeforeValue();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace k8sentry
