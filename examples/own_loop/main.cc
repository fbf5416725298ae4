// Your loop, your bytes: watch frames from standard input go to Sentry as issues.
//
//   kubectl get events -A -w -o json | own_loop https://KEY@HOST/PROJECT
//
// No thread is started, nothing is printed by the library, and nothing is global.
#include <poll.h>
#include <unistd.h>

#include <k8sentry/k8sentry.h>

#include <iostream>

// [README]
using namespace k8sentry;
using namespace std::chrono_literals;

Status Report(int bytes_fd, std::string_view dsn_text) {
  Result<Dsn> dsn = ParseDsn(dsn_text);
  if (!dsn.ok()) return dsn.status();
  WatchDecoder decoder;
  auto source = NewDecoderSource(decoder);
  auto http = NewHttpTransport();
  auto sentry = NewSentryReporter({.dsn = *dsn}, **http);
  auto runner = NewRunner({.source = *source, .sink = **sentry, .transport = http->get()});

  pollfd fds[] = {{bytes_fd, POLLIN, 0}, {(*runner)->descriptor(), POLLIN, 0}};
  for (char bytes[65536]; poll(fds, 2, -1) > 0; (*runner)->Poll(0s)) {
    if (fds[0].revents == 0) continue;
    const ssize_t n = read(bytes_fd, bytes, sizeof bytes);
    if (n <= 0) break;
    decoder.Feed({bytes, static_cast<std::size_t>(n)});
  }
  decoder.End(StreamEnd::kFile);
  (*runner)->Poll(0s);
  return (*runner)->Drain(5s);
}
// [README]

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: own_loop DSN < watch-stream\n";
    return 2;
  }
  const Status status = Report(STDIN_FILENO, argv[1]);
  if (!status.ok()) std::cerr << "own_loop: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
