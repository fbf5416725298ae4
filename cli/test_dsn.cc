// `k8sentry test-dsn`: one issue, one log and one check-in on their way, as `run` sends
// them, and what Sentry says of each.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cluster.h"
#include "commands.h"
#include "exit_code.h"
#include "k8sentry/json_writer.h"
#include "k8sentry/text.h"
#include "k8sentry/version.h"
#include "log.h"
#include "output.h"
#include "own_loop.h"
#include "signals.h"
#include "sinks.h"
#include "terminal.h"

namespace k8sentry::cli {
namespace {

constexpr std::string_view kMonitor = "k8sentry-test";
constexpr std::size_t kMaxSaid = 300;  // characters of an answer's body

// What came back for one envelope.
struct Answer {
  int status = 0;  // 0: none
  std::string limits;
  std::string said;  // the beginning of the body, or X-Sentry-Error
  Status end;
};

// Passes requests on and notes how the last one was answered.
class NotingTransport final : public HttpTransport {
 public:
  explicit NotingTransport(HttpTransport& inner) : inner_(inner) {}

  Result<HttpRequestId> Start(HttpRequest request, HttpHandler& handler) override {
    note_ = std::make_unique<Note>(handler, answer_);
    answer_ = Answer();
    return inner_.Start(std::move(request), *note_);
  }
  void Cancel(HttpRequestId id) override { inner_.Cancel(id); }
  void Resume(HttpRequestId id) override { inner_.Resume(id); }
  void Poll(SteadyTime now) override { inner_.Poll(now); }
  SteadyTime NextDeadline() const override { return inner_.NextDeadline(); }
  int descriptor() const override { return inner_.descriptor(); }

  const Answer& answer() const { return answer_; }

 private:
  class Note final : public HttpHandler {
   public:
    Note(HttpHandler& handler, Answer& answer) : handler_(handler), answer_(answer) {}
    void OnHead(const HttpResponseHead& head) override {
      answer_.status = head.status;
      answer_.limits = head.header("X-Sentry-Rate-Limits");
      if (answer_.limits.empty() && head.status == 429) {
        answer_.limits = "Retry-After " + std::string(head.header("Retry-After"));
      }
      answer_.said = head.header("X-Sentry-Error");
      handler_.OnHead(head);
    }
    BodyFlow OnBody(std::string_view bytes) override {
      if (answer_.status >= 300) answer_.said += bytes.substr(0, 4 * kMaxSaid);
      return handler_.OnBody(bytes);
    }
    void OnSent() override { handler_.OnSent(); }
    void OnDone(const Status& status) override {
      answer_.end = status;
      handler_.OnDone(status);
    }

   private:
    HttpHandler& handler_;
    Answer& answer_;
  };

  HttpTransport& inner_;
  Answer answer_;
  std::unique_ptr<Note> note_;
};

// One line of the report.
struct Line {
  std::string what;
  std::string id;     // what to look for in Sentry,
  std::string label;  // and whose it is
  Answer answer;
  bool arrived() const { return answer.status >= 200 && answer.status < 300; }
};

// What to do about an answer that is not 2xx; empty if there is nothing to do.
std::string RemedyFor(const Answer& answer) {
  switch (answer.status) {
    case 0:
      return "nothing answered: check the DSN's host, DNS, the firewall, HTTPS_PROXY, "
             "and --sentry-ca-file if Sentry has certificates of its own";
    case 401:
    case 403:
      return "the key is unknown or disabled, or the project is gone: copy the DSN "
             "from "
             "the project's settings, Client Keys";
    case 404:
      return "there is no Sentry behind this address: check host, path and project id";
    case 413:
      return "a proxy before Sentry takes only small bodies: raise its limit";
    case 429:
      return "Sentry limits this project for now (quota, spike protection or a key's "
             "rate limit): see the project's usage";
    default:
      break;
  }
  if (answer.status >= 200 && answer.status < 300) return "";
  if (answer.status >= 500) return "Sentry has trouble of its own: try again later";
  if (answer.status >= 300 && answer.status < 400) {
    return "it points elsewhere, and a key is not sent there: use the final address";
  }
  return "Sentry does not take it: is there a proxy that changes requests?";
}

TellingId RandomId() {
  TellingId id = {};
  if (std::FILE* const file = std::fopen("/dev/urandom", "rbe")) {
    (void)!std::fread(id.data(), 1, id.size(), file);
    std::fclose(file);
  }
  id[6] = static_cast<std::uint8_t>((id[6] & 0x0F) | 0x40);
  id[8] = static_cast<std::uint8_t>((id[8] & 0x3F) | 0x80);
  return id;
}

class DsnTest {
 public:
  DsnTest(const TestDsnOptions& options, SentryOptions sentry, HttpTransport& transport)
      : options_(options), sentry_(std::move(sentry)), transport_(transport) {
    sentry_.timeout = options.timeout;
    sentry_.sample_rate = sentry_.logs_sample_rate = 1;
    sentry_.client_reports = false;  // they would ride along
    event_.reason = "K8sentryTest";
    event_.message = "This is a test of k8sentry; nothing is wrong.";
    event_.type = "Normal";
    event_.reporting_component = "k8sentry";
    event_.involved_object = {
        .kind = "Test", .name = "k8sentry", .uid = "k8sentry-test"};
    event_.creation_timestamp = ReadClocks().wall;
  }

  Status Execute();
  const std::vector<Line>& lines() const { return lines_; }
  const SentryOptions& sentry() const { return sentry_; }

 private:
  // Each with a reporter of its own, so that a limit that the one brings does not keep
  // back the other: that is what the answers are to show.
  template <typename Send>
  Status Try(std::string what, std::string id, std::string label, Send send);

  const TestDsnOptions& options_;
  SentryOptions sentry_;
  NotingTransport transport_;
  Event event_;
  std::vector<Line> lines_;
};

template <typename Send>
Status DsnTest::Try(std::string what, std::string id, std::string label, Send send) {
  auto reporter = NewSentryReporter(sentry_, transport_);
  if (!reporter.ok()) return reporter.status();
  send(**reporter, ReadClocks());
  (*reporter)->Flush(ReadClocks());
  const SteadyTime end =
      ReadClocks().steady + options_.timeout + std::chrono::seconds(1);
  do {
    WaitAndPoll(transport_, std::min((*reporter)->NextDeadline(), end));
    (*reporter)->Poll(ReadClocks());
  } while ((*reporter)->in_flight() > 0 && ReadClocks().steady < end &&
           !StopRequested());
  lines_.push_back(
      {std::move(what), std::move(id), std::move(label), transport_.answer()});
  return {};
}

Status DsnTest::Execute() {
  const TellingId id = RandomId();
  const Telling telling = {.id = id,
                           .key = {.workload = "k8sentry", .reason = "K8sentryTest"},
                           .workload_kind = "Test",
                           .event = OwnedEvent(event_),
                           .sightings = 1,
                           .first_seen = *event_.creation_timestamp,
                           .last_seen = *event_.creation_timestamp};
  Status status =
      Try("issue", HexId(id), "event", [&](SentryReporter& reporter, Now now) {
        reporter.Send({&telling, 1}, now, [](std::size_t, const Outcome&) {});
      });
  const SentryLog log = LogOf(event_);
  if (status.ok()) {
    status =
        Try("log", HexId(log.trace_id), "trace",
            [&](SentryReporter& reporter, Now now) { reporter.CaptureLog(log, now); });
  }
  if (!status.ok() || !options_.check_in) return status;
  // A heartbeat that is due once a year, so that the monitor never misses one.
  const CheckIn check_in = {
      .id = RandomId(),
      .monitor_slug = std::string(kMonitor),
      .config = MonitorConfig{.schedule = MonitorConfig::Interval{.unit = "year"},
                              .checkin_margin = std::chrono::hours(24 * 28)}};
  return Try("check-in", HexId(check_in.id),
             "monitor " + std::string(kMonitor) + ", check-in",
             [&](SentryReporter& reporter, Now now) {
               reporter.CaptureCheckIn(check_in, now);
             });
}

std::string Said(const Answer& answer) {
  if (answer.status == 0) return answer.end.message();
  return std::string(TruncateCharacters(answer.said, kMaxSaid));
}

std::string Text(const DsnTest& test, const Painter& paint) {
  const auto line = [](std::string_view name, std::string_view value) {
    return std::string(name) + std::string(12 - name.size(), ' ') + std::string(value) +
           "\n";
  };
  std::string out = line("DSN", EscapeForTerminal(test.sentry().dsn.redacted()));
  out += line("environment", EscapeForTerminal(test.sentry().environment));
  if (!test.sentry().proxy.empty()) {
    out += line("proxy", EscapeForTerminal(WithoutUser(test.sentry().proxy)));
  }
  bool all = true;
  std::string last_remedy;
  for (const Line& each : test.lines()) {
    const Answer& answer = each.answer;
    all = all && each.arrived();
    const std::string code =
        answer.status == 0 ? "no answer" : "status " + std::to_string(answer.status);
    out +=
        line(each.what, paint(each.arrived() ? Style::kGreen : Style::kRed, code) +
                            (each.arrived() ? ", " + each.label + " " + each.id : ""));
    const std::string said = each.arrived() ? "" : Said(answer);
    if (!said.empty()) out += line("", EscapeForTerminal(said));
    if (!answer.limits.empty()) {
      out += line("", "rate limits " + EscapeForTerminal(answer.limits));
    }
    const std::string remedy = RemedyFor(answer);
    if (!remedy.empty() && remedy != last_remedy) out += line("", "-> " + remedy);
    last_remedy = remedy;
  }
  if (all) {
    out +=
        "\nSentry took all of it. What it took it may still filter: look for the issue "
        "K8sentryTest.\n";
  }
  return out;
}

std::string Json(const DsnTest& test) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("dsn").String(test.sentry().dsn.redacted());
  json.Key("environment").String(test.sentry().environment);
  json.Key("sent").BeginArray();
  for (const Line& each : test.lines()) {
    json.BeginObject();
    json.Key("item").String(each.what);
    json.Key("id").String(each.id);
    json.Key("status").Number(std::int64_t{each.answer.status});
    json.Key("rate_limits").String(each.answer.limits);
    json.Key("said").String(each.arrived() ? "" : Said(each.answer));
    json.Key("remedy").String(RemedyFor(each.answer));
    json.EndObject();
  }
  json.EndArray().EndObject();
  return out + "\n";
}

}  // namespace

int TestDsn(const TestDsnOptions& options) {
  auto sentry = SentryFrom(options.sentry);
  Status status = sentry.status();
  if (status.ok() && !*sentry) {
    status = Status(StatusCode::kConfiguration,
                    "there is no DSN to test; set SENTRY_DSN, or name a --dsn-file");
  }
  auto transport = NewHttpTransport();
  if (status.ok()) status = transport.status();
  if (!status.ok()) {
    Complain(status.message());
    return ExitCodeOf(status);
  }
  DsnTest test(options, **sentry, **transport);
  HandleSignals(nullptr);
  status = test.Execute();
  if (!status.ok()) {
    Complain(status.message());
    return ExitCodeOf(status);
  }
  Output output;
  output.Write(options.output == OutputFormat::kJson
                   ? Json(test)
                   : Text(test, Painter(UseColor(options.color, STDOUT_FILENO))));
  output.Flush();
  const bool all = std::all_of(test.lines().begin(), test.lines().end(),
                               [](const Line& line) { return line.arrived(); });
  return all && output.status().ok() ? kExitOk : kExitFailure;
}

}  // namespace k8sentry::cli
