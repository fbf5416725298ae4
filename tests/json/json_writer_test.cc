#include "k8sentry/json_writer.h"

#include <cmath>
#include <limits>

namespace k8sentry {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  JsonWriter(out).String(text);
  return out;
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("a").BeginArray().Number(1).Number(2).BeginObject().EndObject().EndArray();
  json.Key("b")
      .Bool(true)
      .Key("c")
      .Null()
      .Key("d")
      .Raw("{\"x\":1}")
      .Key("e")
      .String("");
  json.EndObject();
  EXPECT_EQ(out, R"({"a":[1,2,{}],"b":true,"c":null,"d":{"x":1},"e":""})");
}

TEST(JsonWriter, EscapesWhatJsonDemands) {
  EXPECT_EQ(Quoted("a\"b\\c\n\r\t\x01"), R"("a\"b\\c\n\r\t\u0001")");
}

TEST(JsonWriter, EscapesAByteWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    const std::string quoted = Quoted(one);
    const std::string escaped = quoted.substr(1, quoted.size() - 2);
    for (std::size_t at = 0; at < 20; ++at) {
      const std::string before(at, '~'), after(20 - at, ' ');
      EXPECT_EQ(Quoted(before + one + after), '"' + before + escaped + after + '"');
    }
  }
}

TEST(JsonWriter, EscapesWhatATerminalMustNotSee) {
  EXPECT_EQ(Quoted("\x1b[31m\x7f"), R"("\u001b[31m\u007f")");
  EXPECT_EQ(Quoted("\xC2\x9B\xE2\x80\xAE\xE2\x80\xA9"), R"("\u009b\u202e\u2029")");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(Quoted("a\xFF"
                   "b\xC3"),
            "\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\"");
}

TEST(JsonWriter, WritesNumbersThatReadBack) {
  std::string out;
  JsonWriter json(out);
  json.BeginArray();
  json.Number(std::numeric_limits<std::int64_t>::min());
  json.Number(std::numeric_limits<std::uint64_t>::max());
  json.Number(0.1).Number(1795230710.123456);
  json.Number(std::nan("")).Number(std::numeric_limits<double>::infinity());
  json.EndArray();
  EXPECT_EQ(
      out,
      "[-9223372036854775808,18446744073709551615,0.1,1795230710.123456,null,null]");
}

}  // namespace
}  // namespace k8sentry
