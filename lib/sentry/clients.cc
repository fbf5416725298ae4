#include <algorithm>
#include <list>
#include <memory>
#include <utility>

#include "k8sentry/sentry_clients.h"
#include "sentry/dsn_rules.h"
#include "sentry/reporter.h"

namespace k8sentry {
namespace internal {
namespace {

// The reporter of another DSN. What cannot be sent there for good, since its address is
// refused or its certificate is another's, goes to the configured one instead.
class Client final : public Sink {
 public:
  Client(std::unique_ptr<Reporter> reporter, SentryReporter& configured,
         SentryClientsCounters& counters)
      : reporter_(std::move(reporter)), configured_(configured), counters_(counters) {}

  std::string_view name() const override { return reporter_->name(); }
  void Send(std::span<const Telling> batch, Now now, Completion done) override {
    now_ = now;
    const auto shared = std::make_shared<const Completion>(std::move(done));
    reporter_->Send(
        batch, now, [this, batch, shared](std::size_t index, const Outcome& outcome) {
          if (outcome.kind != Outcome::Kind::kRetry || !reporter_->unusable()) {
            return (*shared)(index, outcome);
          }
          Divert(batch, index, shared);
        });
  }
  void Poll(Now now) override {
    now_ = now;
    reporter_->Poll(now);
  }
  SteadyTime NextDeadline() const override { return reporter_->NextDeadline(); }
  std::size_t max_in_flight() const override { return reporter_->max_in_flight(); }
  void Told(const Telling& telling, Now now) override { reporter_->Told(telling, now); }
  void Lost(const Telling& telling, Loss loss, Now now) override {
    reporter_->Lost(telling, loss, now);
  }
  void Flush(Now now) override { reporter_->Flush(now); }
  bool idle() const override { return reporter_->idle() && *diverted_ == 0; }
  std::string spool_name() const override { return reporter_->spool_name(); }
  SteadyTime limited_until() const override { return reporter_->limited_until(); }

 private:
  // The tellings stay where they are until their completion has run.
  void Divert(std::span<const Telling> batch, std::size_t index,
              const std::shared_ptr<const Completion>& done) {
    ++counters_.refused;
    ++*diverted_;
    configured_.Send(
        batch.subspan(index, 1), now_,
        [index, done, diverted = diverted_](std::size_t, const Outcome& outcome) {
          --*diverted;
          (*done)(index, outcome);
        });
  }

  const std::unique_ptr<Reporter> reporter_;
  SentryReporter& configured_;
  SentryClientsCounters& counters_;
  Now now_;
  // On their way over the configured reporter, which may outlive this one.
  const std::shared_ptr<std::size_t> diverted_ = std::make_shared<std::size_t>(0);
};

class Clients final : public SentryClients {
 public:
  Clients(const SentryClientsOptions& options, DsnRules rules,
          std::unique_ptr<SentryReporter> configured, HttpTransport& transport,
          Logger& logger)
      : options_(options),
        rules_(std::move(rules)),
        transport_(transport),
        logger_(logger),
        configured_(std::move(configured)) {}

  SentryReporter& configured() override { return *configured_; }
  const SentryClientsCounters& counters() const override { return counters_; }
  std::size_t size() const override { return entries_.size(); }

  Sink& Route(const Telling& telling, Now now) override;
  bool retires(const Sink& sink) const override;
  void Retired(Sink& sink) override;

 private:
  struct Entry {
    std::string name;  // of its spool: the DSN without saying it
    std::unique_ptr<Client> client;
    bool retires = false;
  };

  Sink& Configured(std::uint64_t& counter, const std::string& why);
  Sink* Find(const std::string& name);
  // Asks the one used longest ago to go. False when too many are going already.
  bool MakeRoom();
  std::size_t retiring() const;

  const SentryClientsOptions options_;
  const DsnRules rules_;
  HttpTransport& transport_;
  Logger& logger_;
  SentryClientsCounters counters_;
  std::uint64_t next_line_ = 1;
  const std::unique_ptr<SentryReporter> configured_;
  // Last used first. Before the configured one on the way out: they send to it.
  std::list<Entry> entries_;
};

Sink& Clients::Route(const Telling& telling, Now) {
  if (!options_.dsn_of) return *configured_;
  const ChosenDsn chosen = options_.dsn_of(telling);
  if (chosen.text.empty()) return *configured_;
  const Result<Dsn> dsn = ParseDsn(chosen.text);
  if (!dsn.ok()) return Configured(counters_.invalid, dsn.status().message());
  const std::string name = SpoolNameOf(*dsn);
  if (name == configured_->spool_name()) return *configured_;
  if (chosen.origin == DsnOrigin::kCluster) {
    const std::string why = rules_.WhyNot(*dsn);
    if (!why.empty()) return Configured(counters_.refused, why);
  }
  Sink* sink = Find(name);
  if (sink == nullptr) {
    if (!MakeRoom()) return Configured(counters_.no_room, "too many DSNs");
    Result<std::unique_ptr<Reporter>> made = NewReporter(
        rules_.OptionsFor(*dsn, chosen.origin, options_.sentry), transport_, logger_);
    if (!made.ok()) return Configured(counters_.invalid, made.status().message());
    entries_.push_front(
        {name, std::make_unique<Client>(*std::move(made), *configured_, counters_)});
    sink = entries_.front().client.get();
  }
  ++counters_.elsewhere;
  return *sink;
}

// One line each time the number has doubled: whoever writes DSNs into a cluster must
// not be able to flood the log.
Sink& Clients::Configured(std::uint64_t& counter, const std::string& why) {
  ++counter;
  const std::uint64_t all = counters_.refused + counters_.invalid + counters_.no_room;
  if (all >= next_line_) {
    next_line_ = all * 2;
    logger_.Log(LogLevel::kWarning, "a DSN is not followed",
                {{"tellings", std::to_string(all)}, {"last", why}});
  }
  return *configured_;
}

// One that was to go and is wanted again stays, and another goes in its place.
Sink* Clients::Find(const std::string& name) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return e.name == name; });
  if (entry == entries_.end()) return nullptr;
  if (entry->retires && MakeRoom()) entry->retires = false;
  entries_.splice(entries_.begin(), entries_, entry);
  return entries_.front().client.get();
}

std::size_t Clients::retiring() const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](const Entry& e) { return e.retires; }));
}

bool Clients::MakeRoom() {
  const std::size_t going = retiring();
  if (entries_.size() - going < options_.max_clients) return true;
  if (going >= options_.max_clients) return false;
  const auto last = std::find_if(entries_.rbegin(), entries_.rend(),
                                 [](const Entry& e) { return !e.retires; });
  last->retires = true;
  return true;
}

bool Clients::retires(const Sink& sink) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) {
    return e.retires && e.client.get() == &sink;
  });
}

void Clients::Retired(Sink& sink) {
  entries_.remove_if([&](const Entry& e) { return e.client.get() == &sink; });
}

}  // namespace
}  // namespace internal

Result<std::unique_ptr<SentryClients>> NewSentryClients(
    const SentryClientsOptions& options, HttpTransport& transport, Logger& logger) {
  if (options.max_clients == 0) {
    return Status(StatusCode::kConfiguration, "max_clients: must be at least 1");
  }
  Result<internal::DsnRules> rules = internal::DsnRules::New(options);
  if (!rules.ok()) return rules.status();
  Result<std::unique_ptr<SentryReporter>> configured =
      NewSentryReporter(options.sentry, transport, logger);
  if (!configured.ok()) return configured.status();
  return std::unique_ptr<SentryClients>(std::make_unique<internal::Clients>(
      options, *std::move(rules), *std::move(configured), transport, logger));
}

}  // namespace k8sentry
