// A reporter over a transport that answers from memory, and a clock that the test
// moves.
#pragma once

#include <gmock/gmock.h>

#include <regex>

#include "k8sentry/sentry_reporter.h"
#include "k8sentry/testing/fake_http_transport.h"
#include "k8sentry/testing/fake_sentry.h"
#include "tests/sentry/stories.h"

namespace k8sentry {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::FakeHttpAnswer;
using testing::FakeHttpTransport;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using testing::StoryNamed;
using testing::StorySentAt;
using testing::TellingOf;

inline constexpr char kDsn[] =
    "http://0123456789abcdef0123456789abcdef@127.0.0.1:9000/42";

struct Ending {
  std::size_t index;
  Outcome::Kind kind;
  friend bool operator==(const Ending&, const Ending&) = default;
};
inline void PrintTo(const Ending& ending, std::ostream* out) {
  *out << ending.index << ":" << static_cast<int>(ending.kind);
}

class MemoryLogger : public Logger {
 public:
  void Log(LogLevel, std::string_view message,
           std::span<const LogField> fields) override {
    std::string line(message);
    for (const LogField& field : fields) {
      line += " " + std::string(field.key) + "=" + field.value;
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

class SentryReporterTest : public ::testing::Test {
 protected:
  SentryReporterTest() { Make({.dsn = *ParseDsn(kDsn)}); }

  void Make(const SentryOptions& options) {
    auto made = NewSentryReporter(options, http, logger);
    ASSERT_TRUE(made.ok()) << made.status().message();
    reporter = *std::move(made);
  }

  // Options under which the envelopes can be read in the requests.
  static SentryOptions Plain() {
    return {.dsn = *ParseDsn(kDsn), .gzip_from_bytes = 1 << 30};
  }

  Now now() const {
    return {
        SteadyTime(hours(1000)) + elapsed,
        StorySentAt() + std::chrono::duration_cast<std::chrono::microseconds>(elapsed)};
  }

  Completion Record() {
    return [this](std::size_t index, const Outcome& outcome) {
      endings.push_back({index, outcome.kind});
      last = outcome;
    };
  }
  void Send(const Telling& telling) { Send(std::vector<Telling>{telling}); }
  void Send(std::vector<Telling> batch) {
    batches.push_back(std::make_unique<std::vector<Telling>>(std::move(batch)));
    reporter->Send(*batches.back(), now(), Record());
  }
  void Poll() {
    http.Poll(now().steady);
    reporter->Poll(now());
  }
  // Sends a telling that is answered so; its outcome.
  Outcome OutcomeAfter(FakeHttpAnswer answer) {
    http.Answer(std::move(answer));
    Send(StoryNamed("backoff"));
    const std::size_t before = endings.size();
    Poll();
    EXPECT_EQ(endings.size(), before + 1);
    return last;
  }

  // The last envelope posted, taken apart.
  testing::ReceivedEnvelope LastEnvelope() const {
    auto envelope = testing::ParseEnvelope(http.requests().back().body);
    EXPECT_TRUE(envelope.ok()) << envelope.status().message();
    return envelope.ok() ? *std::move(envelope) : testing::ReceivedEnvelope();
  }
  // The types of its items, such as "event client_report".
  std::string LastItems() const {
    std::string types;
    for (const testing::SentryItem& item : LastEnvelope().items) {
      if (!types.empty()) types += ' ';
      types += item.type;
    }
    return types;
  }
  // "reason/category=quantity ..." of the client report in the last envelope.
  std::string LastReport() const {
    for (const testing::SentryItem& item : LastEnvelope().items) {
      if (item.type == "client_report") return ReportOf(item.payload);
    }
    return "none";
  }
  static std::string ReportOf(std::string payload);

  FakeHttpTransport http;
  MemoryLogger logger;
  std::unique_ptr<SentryReporter> reporter;
  Duration elapsed = seconds(0);
  std::vector<std::unique_ptr<std::vector<Telling>>> batches;
  std::vector<Ending> endings;
  Outcome last;
};

inline std::string SentryReporterTest::ReportOf(std::string payload) {
  static const std::regex row(
      R"re("reason":"(\w+)","category":"(\w+)","quantity":(\d+))re");
  std::string rows;
  for (std::smatch match; std::regex_search(payload, match, row);
       payload = match.suffix()) {
    if (!rows.empty()) rows += ' ';
    rows += match[1].str() + '/' + match[2].str() + '=' + match[3].str();
  }
  return rows;
}

}  // namespace k8sentry
