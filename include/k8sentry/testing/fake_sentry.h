// A FakeSentry takes envelopes on 127.0.0.1 and is as strict about them as Sentry.
//
// It checks path, key, headers and framing, answers 400, 403 or 413 to what Sentry
// would refuse, and keeps what it took. A script makes it fail, or limit the rate.
//
//   auto sentry = NewFakeSentry();
//   (*sentry)->Answer({.status = 429, .headers = {{"Retry-After", "1"}}});
//   ... send to (*sentry)->dsn() ...
//   (*sentry)->WaitForEnvelopes(1, std::chrono::seconds(5));
//
// Threads: it owns one thread; all calls from any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/http_transport.h"
#include "k8sentry/testing/fake_fault.h"

namespace k8sentry::testing {

struct SentryItem {
  std::string type;
  std::string headers;  // JSON
  std::string payload;
};

struct ReceivedEnvelope {
  std::string event_id;
  std::string headers;  // JSON
  std::vector<SentryItem> items;
  int status = 0;              // what the sender was told
  bool compressed = false;     // it came with gzip
  std::size_t wire_bytes = 0;  // of the request's body

  // The payload of its item `event`, or empty.
  std::string_view event() const;
};

// Takes an envelope apart (Sentry developer docs, envelopes). Errors: kDataLoss, naming
// the fault; two headers `sent_at` are one.
Result<ReceivedEnvelope> ParseEnvelope(std::string_view bytes);

struct FakeSentryAnswer {
  int status = 200;
  std::vector<HttpHeader> headers = {};
  std::string body = {};
  // What goes wrong on the way: `no_answer`, `stop_reading`, `drip`, and `then` once
  // `after_bytes` were sent, of status line and headers, too. The rest is of API
  // servers.
  FakeFault fault = {};
  Duration delay = {};  // before the first byte
};

class FakeSentry {
 public:
  virtual ~FakeSentry() = default;

  virtual int port() const = 0;
  // A DSN that it accepts.
  virtual std::string dsn() const = 0;

  // Says what to answer to the next well-formed envelope that has no answer yet; call
  // again for the one after it. Without: 200.
  virtual void Answer(FakeSentryAnswer answer) = 0;

  // Every well-formed envelope, in order, whatever was answered; of one that got no
  // answer the `status` is what it would have been.
  virtual std::vector<ReceivedEnvelope> envelopes() const = 0;
  // What was wrong with the requests that Sentry would have refused.
  virtual std::vector<std::string> faults() const = 0;
  // Waits for that many well-formed envelopes; false when `limit` passed first.
  virtual bool WaitForEnvelopes(std::size_t count, Duration limit) const = 0;
};

struct FakeSentryOptions {
  // Called on the fake's thread for every well-formed envelope.
  std::function<void(const ReceivedEnvelope&)> on_envelope;
};

// Errors: kUnavailable when there is no port.
Result<std::unique_ptr<FakeSentry>> NewFakeSentry(FakeSentryOptions options = {});

}  // namespace k8sentry::testing
