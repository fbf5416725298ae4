// A Sentry on 127.0.0.1 for end-to-end tests of the command.
//
//   fake_sentry [--fail-first=N] [--status=CODE] [--header='NAME: VALUE'] [--out=FILE]
//
// Prints its DSN as the first line of the standard output, and then, to FILE or to the
// standard output, one line of JSON for each well-formed envelope:
//
//   {"status":200,"compressed":true,"event_id":"...","headers":{...},
//    "items":[{"headers":{...},"payload":{...}}]}
//
// The first N envelopes are answered with CODE (503 if none is named) and the headers.
// Ends on SIGTERM or SIGINT, or when its parent does; exits with 1 if a request
// came that Sentry would have refused.
#include "k8sentry/testing/fake_sentry.h"

#include <signal.h>
#include <sys/prctl.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "k8sentry/json_writer.h"

namespace {

using k8sentry::testing::FakeSentryAnswer;
using k8sentry::testing::ReceivedEnvelope;
using k8sentry::testing::SentryItem;

struct Arguments {
  int fail_first = 0;
  FakeSentryAnswer failure = {.status = 503};
  std::string out;
};

bool ReadNumber(std::string_view text, int& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

// The value of `argument` if it is the option `name`.
std::optional<std::string_view> ValueOf(std::string_view argument,
                                        std::string_view name) {
  if (!argument.starts_with(name)) return std::nullopt;
  return argument.substr(name.size());
}

bool ReadArgument(std::string_view argument, Arguments& arguments) {
  if (const auto count = ValueOf(argument, "--fail-first=")) {
    return ReadNumber(*count, arguments.fail_first);
  }
  if (const auto status = ValueOf(argument, "--status=")) {
    return ReadNumber(*status, arguments.failure.status);
  }
  if (const auto header = ValueOf(argument, "--header=")) {
    const std::size_t colon = header->find(": ");
    if (colon == std::string_view::npos) return false;
    arguments.failure.headers.push_back({std::string(header->substr(0, colon)),
                                         std::string(header->substr(colon + 2))});
    return true;
  }
  if (const auto out = ValueOf(argument, "--out=")) {
    arguments.out = *out;
    return true;
  }
  return false;
}

std::string LineOf(const ReceivedEnvelope& envelope) {
  std::string line;
  k8sentry::JsonWriter json(line);
  json.BeginObject();
  json.Key("status").Number(envelope.status);
  json.Key("compressed").Bool(envelope.compressed);
  json.Key("event_id").String(envelope.event_id);
  json.Key("headers").Raw(envelope.headers);
  json.Key("items").BeginArray();
  for (const SentryItem& item : envelope.items) {
    json.BeginObject().Key("headers").Raw(item.headers).Key("payload");
    if (item.type == "event") {
      json.Raw(item.payload);  // the parser held it to be a JSON object on one line
    } else {
      json.String(item.payload);
    }
    json.EndObject();
  }
  json.EndArray().EndObject();
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    if (ReadArgument(argv[i], arguments)) continue;
    std::cerr << "fake_sentry: cannot read " << argv[i] << "\n";
    return 2;
  }
  // Blocked before the server's thread starts, so that no thread dies of them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGTERM);

  std::ofstream file;
  if (!arguments.out.empty()) file.open(arguments.out, std::ios::app);
  std::ostream& out = arguments.out.empty() ? std::cout : file;
  auto sentry = k8sentry::testing::NewFakeSentry(
      {.on_envelope = [&](const ReceivedEnvelope& envelope) {
        out << LineOf(envelope) << std::endl;
      }});
  if (!sentry.ok()) {
    std::cerr << "fake_sentry: " << sentry.status().message() << "\n";
    return 1;
  }
  for (int i = 0; i < arguments.fail_first; ++i) (*sentry)->Answer(arguments.failure);
  std::cout << (*sentry)->dsn() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  for (const std::string& fault : (*sentry)->faults()) {
    std::cerr << "fake_sentry: " << fault << "\n";
  }
  return (*sentry)->faults().empty() ? 0 : 1;
}
