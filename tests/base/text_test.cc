#include "k8sentry/text.h"

namespace k8sentry {
namespace {

TEST(EscapeForTerminal, ShowsControlCharactersInsteadOfObeyingThem) {
  EXPECT_EQ(EscapeForTerminal("red \x1b[31m text\x07"), "red \\x1b[31m text\\x07");
  EXPECT_EQ(EscapeForTerminal("a\nb\r\tc\x7f"), "a\\nb\\r\\tc\\x7f");
  EXPECT_EQ(EscapeForTerminal("\xC2\x9B" "31m"), "\\x9b31m");  // C1 CSI
}

TEST(EscapeForTerminal, ShowsBidiControlsAndLineSeparators) {
  EXPECT_EQ(EscapeForTerminal("\xE2\x80\xAE" "x\xE2\x81\xA6\xE2\x80\xA8"), "\\u202ex\\u2066\\u2028");
}

TEST(EscapeForTerminal, KeepsOrdinaryText) {
  EXPECT_EQ(EscapeForTerminal("caf\xC3\xA9 \xF0\x9F\x98\x80"), "caf\xC3\xA9 \xF0\x9F\x98\x80");
}

TEST(EscapeForTerminal, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(EscapeForTerminal("a\xFF" "b"), "a\xEF\xBF\xBD" "b");
}

TEST(TruncateUtf8, NeverCutsACharacter) {
  EXPECT_EQ(TruncateUtf8("abc", 5), "abc");
  EXPECT_EQ(TruncateUtf8("abc", 2), "ab");
  const std::string smile = "a\xF0\x9F\x98\x80" "b";
  EXPECT_EQ(TruncateUtf8(smile, 1), "a");
  EXPECT_EQ(TruncateUtf8(smile, 4), "a");
  EXPECT_EQ(TruncateUtf8(smile, 5), "a\xF0\x9F\x98\x80");
}

TEST(TruncateCharacters, CountsCharacters) {
  EXPECT_EQ(TruncateCharacters("\xC3\xA9\xC3\xA9\xC3\xA9", 2), "\xC3\xA9\xC3\xA9");
  EXPECT_EQ(TruncateCharacters("ab", 9), "ab");
}

TEST(FirstLine, EndsAtAnyLineBreak) {
  EXPECT_EQ(FirstLine("one\ntwo"), "one");
  EXPECT_EQ(FirstLine("one\r\ntwo"), "one");
  EXPECT_EQ(FirstLine("one"), "one");
}

TEST(RepairUtf8, ReplacesEachMaximalIllFormedPart) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(RepairUtf8("a\xC3"), "a" + replacement);
  EXPECT_EQ(RepairUtf8("\xF0\x9F\x98" "x"), replacement + "x");
  EXPECT_EQ(RepairUtf8("\xE2\x28\xA1"), replacement + "(" + replacement);
  EXPECT_EQ(RepairUtf8("\xED\xA0\x80"), replacement + replacement + replacement);
  EXPECT_EQ(RepairUtf8("\xC0\xAF"), replacement + replacement);
  EXPECT_EQ(RepairUtf8("fine"), "fine");
}

}  // namespace
}  // namespace k8sentry
