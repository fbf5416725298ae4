#include "k8sentry/scrubber.h"

#include <gmock/gmock.h>

#include <fstream>

namespace k8sentry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  std::size_t at = 0;
  while ((at = text.find(from, at)) != std::string::npos) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

// The lines of a file of the corpus; its README says how they are written.
std::vector<std::string> Corpus(const std::string& name) {
  std::ifstream file(K8SENTRY_GOLDEN "/../sentry/scrub_corpus/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    lines.push_back(Replaced(Replaced(line, "<nl>", "\n"), "<|>", ""));
  }
  return lines;
}

std::string Masked(std::string text) {
  std::size_t at = 0;
  while ((at = text.find("<<", at)) != std::string::npos) {
    const std::size_t end = text.find(">>", at);
    text.replace(at, end + std::string_view(">>").size() - at, "[Filtered]");
  }
  return text;
}

TEST(Scrubber, TakesOutWhatTheCorpusSaysAndNothingElse) {
  const Scrubber scrubber;
  const std::vector<std::string> lines = Corpus("goes.txt");
  EXPECT_GE(lines.size(), 60u);
  for (const std::string& line : lines) {
    ASSERT_THAT(line, HasSubstr("<<"));
    const std::string text = Replaced(Replaced(line, "<<", ""), ">>", "");
    EXPECT_EQ(scrubber.Scrub(text), Masked(line));
  }
}

TEST(Scrubber, LeavesAloneWhatAnIssueIsAbout) {
  const Scrubber scrubber;
  const std::vector<std::string> lines = Corpus("stays.txt");
  EXPECT_GE(lines.size(), 50u);
  for (const std::string& line : lines) EXPECT_EQ(scrubber.Scrub(line), line);
}

// A word by itself takes a shorter way; a line break before it keeps it off that.
TEST(Scrubber, TreatsAWordByItselfAsOneOnItsLine) {
  const Scrubber scrubber;
  std::vector<std::string> words = {"", "pw", "password", "xapp-0123456789",
                                    "-xoxb-0123456789"};
  for (const char* file : {"goes.txt", "stays.txt"}) {
    for (const std::string& line : Corpus(file)) {
      const std::string text = Replaced(Replaced(line, "<<", ""), ">>", "");
      for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end =
            std::min(text.find_first_of(" \t\n=:>\"'`", begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        begin = end + 1;
      }
    }
  }
  std::size_t masked = 0;
  for (const std::string& word : words) {
    EXPECT_EQ("\n" + scrubber.Scrub(word), scrubber.Scrub("\n" + word));
    masked += scrubber.Scrub(word) != word;
  }
  EXPECT_GE(masked, 10u);
  EXPECT_EQ(scrubber.Scrub("xapp-0123456789"), "[Filtered]");
}

TEST(Scrubber, TakesNothingOutOfTheRecordings) {
  const Scrubber scrubber;
  std::size_t messages = 0;
  for (const char* recording :
       {K8SENTRY_RECORDINGS "/kubernetes-1.20/events.watch.ndjson",
        K8SENTRY_RECORDINGS "/kubernetes-1.37/events.watch.ndjson"}) {
    std::ifstream file(recording);
    for (std::string line; std::getline(file, line);) {
      const std::size_t begin = line.find("\"message\":\"");
      if (begin == std::string::npos) continue;
      const std::string message = line.substr(begin, line.find("\",\"", begin) - begin);
      EXPECT_EQ(scrubber.Scrub(message), message);
      ++messages;
    }
  }
  EXPECT_GT(messages, 100u);
}

TEST(Scrubber, ScrubbedTwiceIsScrubbedOnce) {
  const Scrubber scrubber;
  for (const std::string& line : Corpus("goes.txt")) {
    const std::string text = Replaced(Replaced(line, "<<", ""), ">>", "");
    const std::string once = scrubber.Scrub(text);
    EXPECT_EQ(scrubber.Scrub(once), once);
  }
}

TEST(Scrubber, FindsASecretWhereverItStands) {
  const Scrubber scrubber;
  for (const std::string& line : Corpus("goes.txt")) {
    const std::string text = Replaced(Replaced(line, "<<", ""), ">>", "");
    const std::string all =
        scrubber.Scrub("\xF0\x9F\x98\x80 \xFF before\n" + text + "\nafter");
    for (const char* secret :
         {"hunter2", "correcthorse", "dXNlcj", "wJalr", "0a1b2c"}) {
      EXPECT_THAT(all, Not(HasSubstr(secret)));
    }
  }
}

TEST(Scrubber, NeverBreaksACharacter) {
  const Scrubber scrubber;
  EXPECT_EQ(scrubber.Scrub("p\xC3\xA4ss password=\xF0\x9F\x98\x80\xC3\xA9;\xC3\xA9"),
            "p\xC3\xA4ss password=[Filtered];\xC3\xA9");
}

TEST(Scrubber, OffChangesNothing) {
  const Result<Scrubber> scrubber = NewScrubber({.scrubbing = Scrubbing::kOff});
  ASSERT_TRUE(scrubber.ok());
  EXPECT_EQ(scrubber->Scrub("password=hunter2"), "password=hunter2");
  EXPECT_FALSE(scrubber->IsSecretKey("password"));
}

TEST(Scrubber, KnowsKeysAndPatternsOfTheUser) {
  const Result<Scrubber> scrubber =
      NewScrubber({.more_keys = {"pin-code", "iban"},
                   .more_patterns = {R"(ACME-\d+)", "x*", "\xC3\xA9{2}"}});
  ASSERT_TRUE(scrubber.ok());
  EXPECT_EQ(scrubber->Scrub("PIN-CODE=77 user_iban: DE12 ok"),
            "PIN-CODE=[Filtered] user_iban: [Filtered] ok");
  EXPECT_EQ(scrubber->Scrub("order ACME-123 of ACME"), "order [Filtered] of ACME");
  EXPECT_EQ(scrubber->Scrub("caf\xC3\xA9\xC3\xA9!"), "caf[Filtered]!");
  EXPECT_TRUE(scrubber->IsSecretKey("MyIban"));
  EXPECT_EQ(scrubber->Scrub("password=hunter2"), "password=[Filtered]");
}

TEST(Scrubber, RefusesAPatternThatNobodyCanRead) {
  const Result<Scrubber> scrubber = NewScrubber({.more_patterns = {"ok", "(a"}});
  ASSERT_FALSE(scrubber.ok());
  EXPECT_EQ(scrubber.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(scrubber.status().message(), HasSubstr("(a"));
}

TEST(Scrubber, TellsSecretKeysFromTheNamesOfSecrets) {
  const Scrubber scrubber;
  for (const char* key :
       {"password", "DB_PASSWORD", "apiKey", "x-api-key", "clientSecret", "token",
        "Authorization", "session_id", "auth", "api.key"}) {
    EXPECT_TRUE(scrubber.IsSecretKey(key)) << key;
  }
  for (const char* key : {"", "name", "secretName", "k8s.pod.name", "token_url", "key",
                          "passwordFile", "author", "secretKeyRef", "message"}) {
    EXPECT_FALSE(scrubber.IsSecretKey(key)) << key;
  }
}

// A megabyte of each: if anything looked again at what it has seen, that would take
// minutes, and the test's time be over.
TEST(Scrubber, TakesLinearTimeOverHostileText) {
  const Scrubber scrubber;
  for (const std::string_view piece : {"password",
                                       "password=",
                                       "password: ",
                                       "\"password\":\"",
                                       "\\\"password\\\":",
                                       "://",
                                       "://a",
                                       "a@tcp(",
                                       ":@tcp(",
                                       "-----BEGIN ",
                                       "-----BEGIN PRIVATE KEY",
                                       "managedFields",
                                       "managedFields: ",
                                       "managedFields:[",
                                       "last-applied-configuration",
                                       "\"name\":\"a\",\"value\":",
                                       "\"name\":\"a\",\"value\":\"\\",
                                       "Environment:",
                                       "Environment:\n a",
                                       "kind: Secret\n data:",
                                       "data:kind: Secret\n",
                                       " data:",
                                       "Bearer ",
                                       "Bearer aaaaaaaa",
                                       "eyJ",
                                       "eyJaaaaaaaaa.",
                                       "token ",
                                       "--token ",
                                       "\\",
                                       "\"",
                                       "[",
                                       "{",
                                       "Name:a,Value:",
                                       "a,",
                                       "password=a,",
                                       "<token>",
                                       "cookie: ",
                                       "cookie: =",
                                       "curl ",
                                       "curl -u a",
                                       "curl -u :",
                                       "mysql -p",
                                       "redis-cli -a ",
                                       "\xFF",
                                       "\xF0\x9F\x98\x80",
                                       "a",
                                       "A",
                                       "0",
                                       "-",
                                       "\n",
                                       " "}) {
    std::string text;
    while (text.size() < (1 << 20)) text += piece;
    text += "kind: Secret\n\"kind\":\"Secret\"";
    EXPECT_LE(scrubber.Scrub(text).size(), text.size() * 12);
  }
}

}  // namespace
}  // namespace k8sentry
