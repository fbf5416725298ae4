#include "sentry/trim.h"

#include <gtest/gtest.h>

namespace k8sentry::internal {
namespace {

TEST(Trim, LeavesAloneWhatFits) {
  for (const char* text : {"", "pod", "two words", "caf\xC3\xA9", "\xFF"}) {
    EXPECT_EQ(TrimmedLine(text, 9), text);
    const std::string_view view = text;
    // Not even copied.
    EXPECT_EQ(Line(view, 9).view().data(), view.data());
    EXPECT_EQ(Line(view, 9).view(), view);
  }
}

TEST(Trim, MakesOneLineOfAnything) {
  const auto line = [](std::string_view text) {
    const Line made(text, 9);
    EXPECT_EQ(made.view(), TrimmedLine(text, 9));
    EXPECT_EQ(made.empty(), made.view().empty());
    return std::string(made.view());
  };
  EXPECT_EQ(line(" pod"), "pod");
  EXPECT_EQ(line("pod "), "pod");
  EXPECT_EQ(line("\n"), "");
  EXPECT_EQ(line("   "), "");
  EXPECT_EQ(line("a\nb\x7F"
                 "c\x01"),
            "a b c");
  EXPECT_EQ(line("0123456789"), "012345...");
  // Nine characters of four bytes.
  const std::string nine =
      "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80"
      "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80";
  EXPECT_EQ(line(nine), nine);
  EXPECT_EQ(line(nine + "x"), nine.substr(0, 24) + "...");
}

TEST(Trim, CutsInPlaceAsItCutsACopy) {
  for (const std::string text : {"", "123456789", "1234567890", "\xC3\xA9 and so on",
                                 "12345678\xF0\x9F\x98\x80", "\xFF\xFF\xFF\xFF"}) {
    for (const std::size_t characters : {3u, 9u}) {
      std::string in_place = text;
      Trim(in_place, characters);
      EXPECT_EQ(in_place, Trimmed(text, characters));
      std::string json;
      JsonWriter writer(json);
      WriteText(writer, "k", text, characters);
      std::string expected;
      JsonWriter(expected).Key("k").String(in_place);
      EXPECT_EQ(json, expected);
    }
  }
}

}  // namespace
}  // namespace k8sentry::internal
