// Several DSNs under a Runner: each has its own limits, the configured one the logs.
#include "k8sentry/sentry_clients.h"

#include <gmock/gmock.h>

#include "k8sentry/event_source.h"
#include "k8sentry/runner.h"
#include "k8sentry/testing/fake_sentry.h"
#include "k8sentry/watch_decoder.h"

namespace k8sentry {
namespace {

std::string FrameOf(int number) {
  const std::string n = std::to_string(number);
  return R"({"type":"ADDED","object":{"kind":"Event","apiVersion":"v1","metadata":{)"
         R"("name":"e)" +
         n + R"(","namespace":"shop","uid":"u)" + n + R"(","resourceVersion":")" +
         std::to_string(100 + number) +
         R"("},"involvedObject":{"kind":"Deployment","namespace":"shop","name":"w)" +
         n +
         R"("},"reason":"BackOff","message":"x","type":"Warning","count":1,)"
         R"("firstTimestamp":"2026-11-21T04:00:00Z",)"
         R"("lastTimestamp":"2026-11-21T04:00:00Z"}})"
         "\n";
}

TEST(SentryClientsInARunner, GetEachItsOwnAndTheConfiguredOneTheLogs) {
  const auto sentry = *testing::NewFakeSentry();
  const auto http = *NewHttpTransport();
  SentryClientsOptions options;
  options.sentry.dsn = *ParseDsn(sentry->dsn());
  options.sentry.logs = SentryLogs::kAll;
  // Another public key is another DSN; the fake answers it with 403.
  options.dsn_of = [&](const Telling& telling) {
    std::string dsn = sentry->dsn();
    if (telling.key.workload.ends_with("7")) dsn.replace(7, 1, "f");
    return ChosenDsn{dsn, DsnOrigin::kHost};
  };
  options.max_clients = 1;
  const auto clients = *NewSentryClients(options, *http);
  WatchDecoder decoder;
  for (int i = 0; i < 40; ++i) decoder.Feed(FrameOf(i));
  decoder.End(StreamEnd::kFile);
  const auto source = NewDecoderSource(decoder);
  const auto runner = NewRunner({.source = *source,
                                 .sink = clients->configured(),
                                 .transport = http.get(),
                                 .router = clients.get()});
  ASSERT_TRUE(runner.ok()) << runner.status().message();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while ((*runner)->Poll(std::chrono::milliseconds(20)) &&
         std::chrono::steady_clock::now() < end) {
  }
  EXPECT_TRUE((*runner)->Drain(std::chrono::seconds(5)).ok());
  EXPECT_EQ((*runner)->ledger().rejected, 4u);
  EXPECT_EQ((*runner)->ledger().delivered, 36u);
  EXPECT_EQ(clients->counters().elsewhere, 4u);
  const SentryCounters::Item& logs = clients->configured().counters().logs;
  EXPECT_EQ(logs.captured, 40u);
  EXPECT_EQ(logs.delivered, 40u);
}

}  // namespace
}  // namespace k8sentry
