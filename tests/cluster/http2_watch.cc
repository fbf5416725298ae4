// A host of the library that watches Events over HTTP/2, with watches so short that the
// API server gets many requests on few connections.
//
//   http2_watch --kubeconfig FILE NAMESPACE...
//
// Speaks as `k8sentry run -o ndjson --log-format json --window 0` does, as far as the
// tests of the cluster read it. Ends on SIGTERM.
#include <signal.h>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "k8sentry/cluster_source.h"
#include "k8sentry/json_writer.h"
#include "k8sentry/runner.h"
#include "k8sentry/testing/fake_sink.h"

namespace {

using namespace k8sentry;

volatile sig_atomic_t stopped = 0;

using Fields = std::vector<std::pair<std::string_view, std::string>>;

void WriteLine(std::ostream& out, const Fields& fields) {
  std::string line;
  JsonWriter json(line);
  json.BeginObject();
  for (const auto& [key, value] : fields) json.Key(key).String(value);
  json.EndObject();
  out << line << std::endl;
}

class ErrorLog : public Logger {
 public:
  void Log(LogLevel, std::string_view message,
           std::span<const LogField> fields) override {
    Fields line = {{"message", std::string(message)}};
    for (const LogField& field : fields) line.emplace_back(field.key, field.value);
    WriteLine(std::cerr, line);
  }
};

void ShowLedger(const Ledger& ledger) {
  WriteLine(std::cerr, {{"message", "ledger"},
                        {"seen", std::to_string(ledger.seen)},
                        {"malformed", std::to_string(ledger.malformed)},
                        {"stale", std::to_string(ledger.stale)},
                        {"filtered", std::to_string(ledger.filtered)},
                        {"routed", std::to_string(ledger.routed)},
                        {"in_flight", std::to_string(ledger.in_flight)}});
}

Status Watch(const std::string& kubeconfig, std::vector<std::string> namespaces) {
  ErrorLog log;
  const auto cluster = LoadKubeconfig({.paths = kubeconfig});
  if (!cluster.ok()) return cluster.status();
  const auto transport = NewHttpTransport();
  if (!transport.ok()) return transport.status();
  const auto source = NewClusterSource({.cluster = *cluster,
                                        .namespaces = std::move(namespaces),
                                        .lookback = std::chrono::hours(1),
                                        .watch = {.min_watch = std::chrono::seconds(2),
                                                  .max_watch = std::chrono::seconds(3),
                                                  .overlap = {},
                                                  .http_version = HttpVersion::k2}},
                                       **transport, log);
  if (!source.ok()) return source.status();
  testing::FakeSink sink;
  PipelineOptions pipeline;
  pipeline.deduplicator.window = {};
  const auto runner = NewRunner(
      {.source = **source,
       .sink = sink,
       .transport = transport->get(),
       .pipeline = pipeline,
       .logger = &log,
       .on_telling = [](const Telling& telling) {
         WriteLine(std::cout, {{"id", HexId(telling.id)},
                               {"kind", std::string(TellingKindName(telling.kind))}});
       }});
  if (!runner.ok()) return runner.status();
  while (stopped == 0) (*runner)->Poll(std::chrono::milliseconds(200));
  const Status drained = (*runner)->Drain(std::chrono::seconds(5));
  ShowLedger((*runner)->ledger());
  return drained;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || std::string_view(argv[1]) != "--kubeconfig") {
    std::cerr << "usage: http2_watch --kubeconfig FILE NAMESPACE...\n";
    return 2;
  }
  signal(SIGTERM, [](int) { stopped = 1; });
  const Status status = Watch(argv[2], {argv + 3, argv + argc});
  if (!status.ok()) std::cerr << "http2_watch: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
