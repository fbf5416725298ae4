#include "json/json_text.h"

#include <string>

namespace k8sentry::internal {
namespace {

std::optional<std::string> Unescape(std::string_view raw) {
  std::string text(raw.size(), '?');
  const std::optional<std::size_t> size = UnescapeJson(raw, text.data());
  if (!size) return std::nullopt;
  EXPECT_LE(*size, raw.size());
  text.resize(*size);
  return text;
}

TEST(UnescapeJson, ReadsEveryEscapeOfRfc8259) {
  const struct {
    std::string_view raw, text;
  } kCases[] = {
      {"", ""},
      {"plain", "plain"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(a\nb)", "a\nb"},
      {R"(\u0041\u00e9\u20AC)", "A\xC3\xA9\xE2\x82\xAC"},
      {R"(\ud83d\ude00!)", "\xF0\x9F\x98\x80!"},
      {R"(\u0000)", std::string_view("\0", 1)},
      {R"(\\u0041)", "\\u0041"},
  };
  for (const auto& test : kCases) EXPECT_EQ(Unescape(test.raw), test.text) << test.raw;
}

TEST(UnescapeJson, MakesALoneSurrogateAReplacementCharacter) {
  const std::string kReplaced = "\xEF\xBF\xBD";
  EXPECT_EQ(Unescape(R"(\ud800)"), kReplaced);
  EXPECT_EQ(Unescape(R"(\udc00)"), kReplaced);
  EXPECT_EQ(Unescape(R"(\ud800x)"), kReplaced + "x");
  EXPECT_EQ(Unescape(R"(\ud800\n)"), kReplaced + "\n");
  EXPECT_EQ(Unescape(R"(\ud800\ud800)"), kReplaced + kReplaced);
  EXPECT_EQ(Unescape(R"(\ud800\ud83d\ude00)"), kReplaced + "\xF0\x9F\x98\x80");
  EXPECT_EQ(Unescape(R"(\ud800\u0041)"), kReplaced + "A");
}

TEST(UnescapeJson, RefusesWhatJsonDoesNotHave) {
  for (const char* raw : {R"(\x)", R"(\)", R"(a\)", R"(\u)", R"(\u12)", R"(\u12g4)",
                          R"(\U0041)", R"(\')", R"(\ud800\u12)"}) {
    EXPECT_EQ(Unescape(raw), std::nullopt) << raw;
  }
}

TEST(IsJsonScalar, KnowsTheGrammarOfNumbersAndTheThreeNames) {
  for (const char* token : {"true", "false", "null", "0", "-0", "7", "10", "-12", "1.5",
                            "0.0", "1e9", "1E+9", "2.5e-3", "12345678901234567890"}) {
    EXPECT_TRUE(IsJsonScalar(token)) << token;
  }
  for (const char* token : {"", "-", "01", "-01", "1.", ".5", "+1", "1e", "1e+", "NaN",
                            "Infinity", "tru", "truex", "True", "0x1", "1 2", "--1"}) {
    EXPECT_FALSE(IsJsonScalar(token)) << token;
  }
}

}  // namespace
}  // namespace k8sentry::internal
