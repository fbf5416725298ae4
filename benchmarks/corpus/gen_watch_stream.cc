// gen_watch_stream: deterministic generator of Kubernetes watch streams.
//
// Writes newline-delimited watch frames of core/v1 Events in the shape in which
// kube-apiserver sends them for GET /api/v1/events?watch=1: the same key order,
// the same omitted and null fields, Go's HTML-safe JSON escapes, managedFields,
// events written through the legacy recorder (source, firstTimestamp, count)
// and through events.k8s.io (eventTime, action, series), updates of one event
// (MODIFIED, same uid, rising count), TTL expiry (DELETED) and BOOKMARKs.
//
// The cluster behind the stream is simulated: namespaces, workloads and nodes
// are drawn from a skewed distribution, pods come and go, and a bounded number
// of warning series stays open and is updated.
//
// The output depends on nothing but the options: no clock, no locale, no
// standard-library random distributions. Same options, same bytes, everywhere.
//
// Build:  c++ -std=c++20 -O2 -o gen_watch_stream gen_watch_stream.cc
// Usage:  gen_watch_stream [--frames N] [--seed S] [options] > stream.ndjson
//   --frames N          frames to write                          (default 1000000)
//   --seed S            seed of everything random                (default 1)
//   --warning P         share of new events that are Warning     (default 0.15;
//                       with the updates of series, 30 % of all frames)
//   --modified P        share of frames that update an event     (default 0.25)
//   --deleted P         share of frames that are TTL deletions   (default 0.00;
//                       a cluster in steady state sends one for each ADDED)
//   --bookmark-every N  one BOOKMARK in N frames, 0 for none     (default 5000)
//   --namespaces N      namespaces                               (default 200)
//   --workloads N       workloads over all namespaces            (default 4000)
//   --nodes N           nodes                                    (default 500)
//   --series N          warning series kept open                 (default 20000)
//   --start SECONDS     time of the first event, Unix time       (default 1767225600,
//                       2026-01-01T00:00:00Z)
//   --no-managed-fields leave metadata.managedFields out
//   --expired           end with an ERROR frame (410 Gone)
//   --summary FILE      write counts of what was generated, as JSON
//
// The summary holds what a test can check a consumer against: frames by type,
// events by Normal/Warning and by reason, bytes, distinct uids, and a 64-bit
// FNV-1a checksum of the whole stream.

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

// ---------------------------------------------------------------- randomness

__extension__ using Wide = unsigned __int128;

std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9u;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebu;
  x ^= x >> 31;
  return x;
}

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(mix64(seed + 0x9e3779b97f4a7c15u)) {}

  std::uint64_t next() { return mix64(state_ += 0x9e3779b97f4a7c15u); }

  // Uniform in [0, n).
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * n) >> 64);
  }

  // Uniform in [0, 1), from the upper 53 bits.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  bool chance(double p) { return unit() < p; }

  // Skewed towards small values: the product of two uniform draws.
  std::uint64_t skewed(std::uint64_t n) { return below(below(n) + 1); }

 private:
  std::uint64_t state_;
};

// ------------------------------------------------------------------- writing

class Out {
 public:
  explicit Out(std::FILE* file) : file_(file) { buffer_.reserve(kFlush + 65536); }

  Out& raw(std::string_view text) {
    buffer_.append(text);
    return *this;
  }

  Out& number(std::uint64_t value) {
    char digits[24];
    int n = std::snprintf(digits, sizeof digits, "%" PRIu64, value);
    buffer_.append(digits, static_cast<std::size_t>(n));
    return *this;
  }

  // A quoted JSON string as Go's encoding/json writes it: control characters,
  // quotes and backslashes escaped, and < > & as \u003c \u003e \u0026.
  Out& quoted(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    buffer_.push_back('"');
    for (char c : text) {
      const auto u = static_cast<unsigned char>(c);
      switch (c) {
        case '"':
          buffer_.append("\\\"");
          break;
        case '\\':
          buffer_.append("\\\\");
          break;
        case '\n':
          buffer_.append("\\n");
          break;
        case '\r':
          buffer_.append("\\r");
          break;
        case '\t':
          buffer_.append("\\t");
          break;
        default:
          if (u < 0x20 || c == '<' || c == '>' || c == '&') {
            buffer_.append("\\u00");
            buffer_.push_back(kHex[u >> 4]);
            buffer_.push_back(kHex[u & 15]);
          } else {
            buffer_.push_back(c);
          }
      }
    }
    buffer_.push_back('"');
    return *this;
  }

  // Ends a frame; returns its length with the newline.
  std::size_t endFrame() {
    buffer_.push_back('\n');
    const std::size_t length = buffer_.size() - frameStart_;
    for (std::size_t i = frameStart_; i < buffer_.size(); ++i) {
      checksum_ = (checksum_ ^ static_cast<unsigned char>(buffer_[i])) * 0x100000001b3u;
    }
    bytes_ += length;
    if (buffer_.size() >= kFlush) flush();
    frameStart_ = buffer_.size();
    return length;
  }

  void flush() {
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size()) {
      std::perror("gen_watch_stream: write");
      std::exit(1);
    }
    buffer_.clear();
    frameStart_ = 0;
  }

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t checksum() const { return checksum_; }

 private:
  static constexpr std::size_t kFlush = 1u << 20;
  std::FILE* file_;
  std::string buffer_;
  std::size_t frameStart_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t checksum_ = 0xcbf29ce484222325u;
};

std::string decimal(std::uint64_t value) { return std::to_string(value); }

// Joins parts. Expressions that draw more than one random number go through
// this: a braced list is evaluated left to right, the operands of + are not.
std::string cat(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

// ---------------------------------------------------------------------- time

// Microseconds since the epoch to RFC 3339, with whole seconds (metav1.Time) or
// six decimals (metav1.MicroTime).
std::string rfc3339(std::uint64_t micros, bool withMicros) {
  const std::uint64_t secs = micros / 1000000;
  const auto days = static_cast<std::int64_t>(secs / 86400);
  const std::uint64_t rest = secs % 86400;
  // Civil date from a day count: shift the year's start to March, so that the
  // leap day is last, and take 400-, 100-, 4- and 1-year periods off in turn.
  std::int64_t d = days + 719468;  // days since 0000-03-01
  const std::int64_t era = d / 146097;
  d -= era * 146097;
  const std::int64_t yearOfEra = (d - d / 1460 + d / 36524 - d / 146096) / 365;
  const std::int64_t dayOfYear =
      d - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const std::int64_t shifted = (5 * dayOfYear + 2) / 153;
  const std::int64_t day = dayOfYear - (153 * shifted + 2) / 5 + 1;
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  const std::int64_t year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  char text[48];
  int n = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d",
                        static_cast<int>(year), static_cast<int>(month),
                        static_cast<int>(day), static_cast<int>(rest / 3600),
                        static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  if (withMicros) {
    n += std::snprintf(text + n, sizeof text - static_cast<std::size_t>(n), ".%06d",
                       static_cast<int>(micros % 1000000));
  }
  return std::string(text, static_cast<std::size_t>(n)) + "Z";
}

// ------------------------------------------------------------------- cluster

constexpr std::array<std::string_view, 24> kAdjectives = {
    "billing", "checkout", "search",   "catalog", "identity", "ledger",
    "media",   "notify",   "payment",  "profile", "pricing",  "quota",
    "report",  "session",  "shipping", "stock",   "stream",   "tax",
    "tenant",  "usage",    "voucher",  "wallet",  "webhook",  "edge"};
constexpr std::array<std::string_view, 12> kNouns = {
    "api",   "worker", "gateway", "frontend", "consumer", "scheduler",
    "cache", "proxy",  "indexer", "migrator", "exporter", "sync"};
constexpr std::array<std::string_view, 8> kEnvironments = {
    "prod", "staging", "dev", "canary", "eu-west", "us-east", "apac", "shared"};
constexpr std::array<std::string_view, 6> kContainers = {
    "app", "sidecar-proxy", "nginx", "metrics", "main", "init-db"};
// The alphabet of Kubernetes' generated name suffixes.
constexpr std::string_view kSuffix = "bcdfghjklmnpqrstvwxz2456789";

struct Workload {
  std::string ns;
  std::string name;
  std::string replicaSet;
  std::string uid;
  std::string image;
};

struct Pod {
  const Workload* workload = nullptr;
  std::string name;
  std::string uid;
  std::uint64_t resourceVersion = 0;
  std::uint64_t node = 0;
  std::uint64_t container = 0;
};

std::string suffix(Rng& rng, int length) {
  std::string text;
  for (int i = 0; i < length; ++i) text.push_back(kSuffix[rng.below(kSuffix.size())]);
  return text;
}

std::string hex(std::uint64_t value, int digits) {
  char text[20];
  std::snprintf(text, sizeof text, "%0*" PRIx64, digits, value);
  return text;
}

std::string uuid(Rng& rng) {
  const std::uint64_t a = rng.next();
  const std::uint64_t b = rng.next();
  return hex(a >> 32, 8) + "-" + hex(a >> 16 & 0xffff, 4) + "-4" + hex(a & 0xfff, 3) +
         "-" + hex(0x8000 | (b >> 48 & 0x3fff), 4) + "-" + hex(b & 0xffffffffffff, 12);
}

// -------------------------------------------------------------------- events

// Who wrote the event; decides source, managedFields and the timestamps' form.
enum class Writer { kubelet, controller, scheduler };

enum class Target { pod, container, replicaSet, workload, node };

struct Kind {
  std::string_view reason;
  bool warning;
  Writer writer;
  Target target;
  std::string_view component;  // of a controller
  double weight;
  bool repeats;  // may stay open as a series
};

constexpr std::array kKinds = {
    // clang-format off
    Kind{"Scheduled",             false, Writer::scheduler,  Target::pod,        "", 10, false},
    Kind{"Pulling",               false, Writer::kubelet,    Target::container,  "", 9, false},
    Kind{"Pulled",                false, Writer::kubelet,    Target::container,  "", 13, true},
    Kind{"Created",               false, Writer::kubelet,    Target::container,  "", 12, true},
    Kind{"Started",               false, Writer::kubelet,    Target::container,  "", 12, true},
    Kind{"Killing",               false, Writer::kubelet,    Target::container,  "", 8, false},
    Kind{"SuccessfulCreate",      false, Writer::controller, Target::replicaSet, "replicaset-controller", 9, false},
    Kind{"SuccessfulDelete",      false, Writer::controller, Target::replicaSet, "replicaset-controller", 5, false},
    Kind{"ScalingReplicaSet",     false, Writer::controller, Target::workload,   "deployment-controller", 6, true},
    Kind{"SuccessfulRescale",     false, Writer::controller, Target::workload,   "horizontal-pod-autoscaler", 3, true},
    Kind{"SuccessfulAttachVolume",false, Writer::controller, Target::pod,        "attachdetach-controller", 2, false},
    Kind{"NodeHasSufficientMemory",false,Writer::kubelet,    Target::node,       "", 1, true},
    Kind{"BackOff",               true,  Writer::kubelet,    Target::container,  "", 24, true},
    Kind{"Unhealthy",             true,  Writer::kubelet,    Target::container,  "", 26, true},
    Kind{"FailedScheduling",      true,  Writer::scheduler,  Target::pod,        "", 14, true},
    Kind{"FailedMount",           true,  Writer::kubelet,    Target::pod,        "", 8, true},
    Kind{"Failed",                true,  Writer::kubelet,    Target::container,  "", 8, true},
    Kind{"OOMKilling",            true,  Writer::kubelet,    Target::node,       "", 4, false},
    Kind{"Evicted",               true,  Writer::kubelet,    Target::pod,        "", 3, false},
    Kind{"FailedCreatePodSandBox",true,  Writer::kubelet,    Target::pod,        "", 4, true},
    Kind{"FailedCreate",          true,  Writer::controller, Target::replicaSet, "replicaset-controller", 3, true},
    Kind{"FailedGetResourceMetric",true, Writer::controller, Target::workload,   "horizontal-pod-autoscaler", 4, true},
    Kind{"NodeNotReady",          true,  Writer::controller, Target::pod,        "node-controller", 2, false},
    // clang-format on
};

struct Event {
  const Kind* kind = nullptr;
  Pod pod;
  std::string name;
  std::string uid;
  std::string message;
  std::string reportingInstance;
  std::uint64_t created = 0;  // microseconds
  std::uint64_t last = 0;
  std::uint64_t count = 1;
  std::uint64_t resourceVersion = 0;
};

struct Options {
  std::uint64_t frames = 1000000;
  std::uint64_t seed = 1;
  double warning = 0.15;
  double modified = 0.25;
  double deleted = 0.0;
  std::uint64_t bookmarkEvery = 5000;
  std::uint64_t namespaces = 200;
  std::uint64_t workloads = 4000;
  std::uint64_t nodes = 500;
  std::uint64_t series = 20000;
  std::uint64_t start = 1767225600;
  bool managedFields = true;
  bool expired = false;
  std::string summary;
};

class Generator {
 public:
  Generator(const Options& options, std::FILE* file)
      : options_(options),
        rng_(options.seed),
        out_(file),
        now_(options.start * 1000000) {
    std::vector<std::string> namespaces;
    for (std::uint64_t i = 0; i < options_.namespaces; ++i) {
      if (i == 0) {
        namespaces.emplace_back("kube-system");
        continue;
      }
      namespaces.push_back(
          cat({std::string(kAdjectives[rng_.below(kAdjectives.size())]), "-",
               std::string(kEnvironments[rng_.below(kEnvironments.size())]),
               i < 40 ? "" : "-" + decimal(i)}));
    }
    for (std::uint64_t i = 0; i < options_.workloads; ++i) {
      Workload w;
      w.ns = namespaces[rng_.skewed(namespaces.size())];
      w.name = cat({std::string(kAdjectives[rng_.below(kAdjectives.size())]), "-",
                    std::string(kNouns[rng_.below(kNouns.size())])});
      if (rng_.chance(0.5)) w.name += "-v" + decimal(1 + rng_.below(9));
      const int hashLength = 8 + static_cast<int>(rng_.below(3));
      w.replicaSet = w.name + "-" + suffix(rng_, hashLength);
      w.uid = uuid(rng_);
      w.image = cat({"registry.example.com/", w.ns, "/", w.name, ":",
                     decimal(rng_.below(4)), ".", decimal(rng_.below(40)), ".",
                     decimal(rng_.below(200)), "-", hex(rng_.next() >> 36, 7)});
      workloads_.push_back(std::move(w));
    }
    for (const Kind& kind : kKinds) {
      (kind.warning ? warningWeight_ : normalWeight_) += kind.weight;
    }
  }

  void run() {
    for (std::uint64_t i = 0; i < options_.frames; ++i) {
      const bool last = i + 1 == options_.frames;
      now_ += 1 + rng_.below(4000);  // 2 ms apart on average
      resourceVersion_ += 1 + rng_.skewed(40);
      if (last && options_.expired) {
        error();
      } else if (options_.bookmarkEvery != 0 &&
                 i % options_.bookmarkEvery == options_.bookmarkEvery - 1) {
        bookmark();
      } else {
        event();
      }
    }
    out_.flush();
  }

  void writeSummary(std::FILE* file) const {
    std::fprintf(
        file,
        "{\n  \"frames\": %" PRIu64 ",\n  \"bytes\": %" PRIu64
        ",\n  \"mean_frame_bytes\": %.1f,\n  \"min_frame_bytes\": %zu,\n"
        "  \"max_frame_bytes\": %zu,\n  \"distinct_event_uids\": %" PRIu64
        ",\n  \"fnv1a64\": \"%016" PRIx64 "\",\n",
        options_.frames, out_.bytes(),
        options_.frames == 0
            ? 0.0
            : static_cast<double>(out_.bytes()) / static_cast<double>(options_.frames),
        options_.frames == 0 ? 0 : minFrame_, maxFrame_, created_, out_.checksum());
    object(file, "frames_by_type", byType_, true);
    object(file, "events_by_class", byClass_, true);
    object(file, "events_by_reason", byReason_, false);
    std::fprintf(file, "}\n");
  }

 private:
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;

  static void object(std::FILE* file, const char* name, const Counts& counts,
                     bool more) {
    std::fprintf(file, "  \"%s\": {", name);
    const char* separator = "";
    for (const auto& [key, value] : counts) {
      std::fprintf(file, "%s\n    \"%s\": %" PRIu64, separator, key.c_str(), value);
      separator = ",";
    }
    std::fprintf(file, "\n  }%s\n", more ? "," : "");
  }

  static void add(Counts& counts, std::string_view key) {
    auto it = counts.find(key);
    if (it == counts.end()) it = counts.emplace(std::string(key), 0).first;
    ++it->second;
  }

  void endFrame(std::string_view type) {
    const std::size_t length = out_.endFrame();
    minFrame_ = std::min(minFrame_, length);
    maxFrame_ = std::max(maxFrame_, length);
    add(byType_, type);
  }

  void bookmark() {
    out_.raw(R"({"type":"BOOKMARK","object":{"kind":"Event","apiVersion":"v1",)")
        .raw(R"("metadata":{"resourceVersion":")")
        .number(resourceVersion_)
        .raw(R"(","creationTimestamp":null},"involvedObject":{},"source":{},)")
        .raw(R"("firstTimestamp":null,"lastTimestamp":null,"eventTime":null,)")
        .raw(R"("reportingComponent":"","reportingInstance":""}})");
    endFrame("BOOKMARK");
  }

  void error() {
    out_.raw(
            R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},)")
        .raw(R"("status":"Failure","message":"too old resource version: )")
        .number(resourceVersion_ - 1)
        .raw(" (")
        .number(resourceVersion_)
        .raw(R"x()","reason":"Expired","code":410}})x");
    endFrame("ERROR");
  }

  void event() {
    const double draw = rng_.unit();
    if (draw < options_.modified && open_.size() >= kMinOpen) {
      Event& e = open_[rng_.below(open_.size())];
      ++e.count;
      e.last = now_;
      e.resourceVersion = resourceVersion_;
      frame("MODIFIED", e);
      return;
    }
    if (draw >= options_.modified && draw < options_.modified + options_.deleted &&
        !expiring_.empty()) {
      // The oldest event goes first; its frame carries its last state under a
      // new resourceVersion.
      Event e = std::move(expiring_[expiringHead_]);
      ++expiringHead_;
      if (expiringHead_ == expiring_.size()) {
        expiring_.clear();
        expiringHead_ = 0;
      } else if (expiringHead_ >= 65536) {
        expiring_.erase(expiring_.begin(),
                        expiring_.begin() + static_cast<std::ptrdiff_t>(expiringHead_));
        expiringHead_ = 0;
      }
      e.resourceVersion = resourceVersion_;
      frame("DELETED", e);
      return;
    }
    Event e = create();
    frame("ADDED", e);
    if (options_.deleted > 0) expiring_.push_back(e);
    if (e.kind->repeats && (e.kind->warning || rng_.chance(0.1))) {
      if (open_.size() < options_.series) {
        open_.push_back(std::move(e));
      } else {
        open_[rng_.below(open_.size())] = std::move(e);
      }
    }
  }

  const Kind& pickKind() {
    const bool warning = rng_.chance(options_.warning);
    double draw = rng_.unit() * (warning ? warningWeight_ : normalWeight_);
    const Kind* found = nullptr;
    for (const Kind& kind : kKinds) {
      if (kind.warning != warning) continue;
      found = &kind;
      draw -= kind.weight;
      if (draw < 0) break;
    }
    return *found;
  }

  Pod& pickPod() {
    // Four in five events concern a pod seen before.
    constexpr std::size_t kPods = 50000;
    if (!pods_.empty() && rng_.chance(0.8)) return pods_[rng_.below(pods_.size())];
    Pod pod;
    pod.workload = &workloads_[rng_.skewed(workloads_.size())];
    pod.name = pod.workload->replicaSet + "-" + suffix(rng_, 5);
    pod.uid = uuid(rng_);
    pod.resourceVersion = resourceVersion_ - rng_.below(500);
    pod.node = rng_.below(options_.nodes);
    pod.container = rng_.skewed(kContainers.size());
    if (pods_.size() < kPods) {
      pods_.push_back(std::move(pod));
      return pods_.back();
    }
    Pod& slot = pods_[rng_.below(pods_.size())];
    slot = std::move(pod);
    return slot;
  }

  static std::string nodeName(std::uint64_t node) {
    return "ip-10-" + decimal(16 + node / 250 % 200) + "-" + decimal(node / 7 % 250) +
           "-" + decimal(1 + node % 250) + ".eu-central-1.compute.internal";
  }

  std::string podAddress() {
    return cat({"10.", decimal(rng_.below(256)), ".", decimal(rng_.below(256)), ".",
                decimal(1 + rng_.below(254))});
  }

  Event create() {
    Event e;
    e.kind = &pickKind();
    e.pod = pickPod();
    e.created = now_;
    e.last = now_;
    e.resourceVersion = resourceVersion_;
    e.uid = uuid(rng_);
    e.name = objectName(e) + "." + hex(now_ * 1000 + rng_.below(1000), 16);
    e.message = message(e);
    if (e.kind->writer == Writer::scheduler) {
      e.reportingInstance = "default-scheduler-ip-10-0-0-" + decimal(1 + rng_.below(3));
    }
    ++created_;
    return e;
  }

  static std::string objectName(const Event& e) {
    switch (e.kind->target) {
      case Target::pod:
      case Target::container:
        return e.pod.name;
      case Target::replicaSet:
        return e.pod.workload->replicaSet;
      case Target::workload:
        return e.pod.workload->name;
      case Target::node:
        return nodeName(e.pod.node);
    }
    return {};
  }

  std::string message(const Event& e) {
    const Workload& w = *e.pod.workload;
    const std::string container(kContainers[e.pod.container]);
    const std::string_view reason = e.kind->reason;
    const std::string podRef = w.ns + "/" + e.pod.name;
    if (reason == "Scheduled") {
      return "Successfully assigned " + podRef + " to " + nodeName(e.pod.node);
    }
    if (reason == "Pulling") return "Pulling image \"" + w.image + "\"";
    if (reason == "Pulled") {
      if (rng_.chance(0.5)) {
        return "Container image \"" + w.image + "\" already present on machine";
      }
      const std::string took =
          cat({decimal(1 + rng_.below(30)), ".", decimal(rng_.below(1000)), "s"});
      return "Successfully pulled image \"" + w.image + "\" in " + took + " (" + took +
             " including waiting). Image size: " +
             decimal(1000000 + rng_.below(900000000)) + " bytes.";
    }
    if (reason == "Created") return "Created container: " + container;
    if (reason == "Started") return "Started container " + container;
    if (reason == "Killing") return "Stopping container " + container;
    if (reason == "SuccessfulCreate") return "Created pod: " + e.pod.name;
    if (reason == "SuccessfulDelete") return "Deleted pod: " + e.pod.name;
    if (reason == "ScalingReplicaSet") {
      const std::uint64_t from = rng_.below(40);
      const std::uint64_t to = from + 1 + rng_.below(5);
      return "Scaled up replica set " + w.replicaSet + " from " + decimal(from) +
             " to " + decimal(to);
    }
    if (reason == "SuccessfulRescale") {
      return "New size: " + decimal(1 + rng_.below(60)) +
             "; reason: cpu resource utilization (percentage of request) above target";
    }
    if (reason == "SuccessfulAttachVolume") {
      return "AttachVolume.Attach succeeded for volume \"pvc-" + uuid(rng_) + "\" ";
    }
    if (reason == "NodeHasSufficientMemory") {
      return "Node " + nodeName(e.pod.node) + " status is now: NodeHasSufficientMemory";
    }
    if (reason == "BackOff") {
      if (rng_.chance(0.6)) {
        return "Back-off restarting failed container " + container + " in pod " +
               e.pod.name + "_" + w.ns + "(" + e.pod.uid + ")";
      }
      return "Back-off pulling image \"" + w.image +
             "\": ErrImagePull: rpc error: code = " +
             "NotFound desc = failed to pull and unpack image \"" + w.image +
             "\": not found";
    }
    if (reason == "Unhealthy") return unhealthy();
    if (reason == "FailedScheduling") {
      const std::uint64_t all = 3 + rng_.below(options_.nodes);
      const std::uint64_t tainted = rng_.below(3);
      const std::string resource = rng_.chance(0.5) ? "cpu" : "memory";
      return "0/" + decimal(all) + " nodes are available: " + decimal(tainted) +
             " node(s) had untolerated taint {node-role.kubernetes.io/control-plane: "
             "}, " +
             decimal(all - tainted) + " Insufficient " + resource + ". preemption: 0/" +
             decimal(all) + " nodes are available: " + decimal(tainted) +
             " Preemption is not helpful for scheduling, " + decimal(all - tainted) +
             " No preemption victims found for incoming pod.";
    }
    if (reason == "FailedMount") {
      if (rng_.chance(0.5)) {
        return "MountVolume.SetUp failed for volume \"config\" : configmap \"" +
               w.name + "-config\" not found";
      }
      return "Unable to attach or mount volumes: unmounted volumes=[data], unattached "
             "volumes=[data kube-api-access-" +
             suffix(rng_, 5) + "]: timed out waiting for the condition";
    }
    if (reason == "Failed") {
      if (rng_.chance(0.5)) return "Error: ImagePullBackOff";
      return "Failed to pull image \"" + w.image +
             "\": rpc error: code = Unknown desc = Error response from daemon: Get "
             "\"https://registry.example.com/v2/\": net/http: TLS handshake timeout";
    }
    if (reason == "OOMKilling") {
      return cat(
          {"Memory cgroup out of memory: Killed process ",
           decimal(1000 + rng_.below(4000000)), " (", w.name,
           ") total-vm:", decimal(100000 + rng_.below(9000000)),
           "kB, anon-rss:", decimal(10000 + rng_.below(900000)),
           "kB, file-rss:", decimal(rng_.below(30000)),
           "kB, shmem-rss:0kB, UID:1000 pgtables:", decimal(100 + rng_.below(4000)),
           "kB oom_score_adj:", decimal(rng_.below(1000))});
    }
    if (reason == "Evicted") {
      return cat(
          {"The node was low on resource: memory. Threshold quantity: 100Mi, "
           "available: ",
           decimal(10000 + rng_.below(90000)), "Ki. Container ", container,
           " was using ", decimal(100000 + rng_.below(900000)),
           "Ki, request is 0, has larger consumption of memory. "});
    }
    if (reason == "FailedCreatePodSandBox") {
      return cat(
          {"Failed to create pod sandbox: rpc error: code = Unknown desc = failed to "
           "setup "
           "network for sandbox \"",
           hex(rng_.next(), 16), hex(rng_.next(), 16), hex(rng_.next(), 16),
           hex(rng_.next(), 16),
           "\": plugin type=\"cni\" name=\"cni\" failed (add): failed to allocate for "
           "range "
           "0: no IP addresses available in range set: 10.",
           decimal(rng_.below(256)), ".0.1-10.", decimal(rng_.below(256)), ".0.254"});
    }
    if (reason == "FailedCreate") {
      return "Error creating: pods \"" + e.pod.name +
             "\" is forbidden: exceeded quota: compute, "
             "requested: limits.memory=2Gi, used: limits.memory=" +
             decimal(100 + rng_.below(100)) + "Gi, limited: limits.memory=200Gi";
    }
    if (reason == "FailedGetResourceMetric") {
      return "failed to get cpu utilization: unable to get metrics for resource cpu: "
             "no metrics "
             "returned from resource metrics API";
    }
    return "Node is not ready";
  }

  std::string unhealthy() {
    const std::string probe = rng_.chance(0.5) ? "Readiness" : "Liveness";
    switch (rng_.below(6)) {
      case 0:
      case 1:
        return cat({probe, " probe failed: Get \"http://", podAddress(), ":",
                    decimal(8000 + rng_.below(1000)),
                    "/healthz?full=1&timeout=2\": dial tcp ", podAddress(),
                    ":8080: connect: connection refused"});
      case 2:
        return probe + " probe failed: HTTP probe failed with statuscode: " +
               decimal(500 + rng_.below(5));
      case 3:
        return probe +
               " probe errored: rpc error: code = DeadlineExceeded desc = failed to "
               "exec "
               "in container: timeout 1s exceeded: context deadline exceeded";
      case 4:
        return probe +
               " probe failed: <!DOCTYPE html>\n<html><head><title>503</title></head>"
               "<body><h1>503 Service Unavailable</h1>\r\n<p>upstream & backend "
               "down</p>\t"
               "</body></html>\n";
      default:
        return probe +
               " probe failed: psql: \xC3\xBC"
               "berlastet \xE2\x80\x94 \xE6\x8E\xA5\xE7\xB6"
               "\x9A\xE3\x81\xA7\xE3\x81\x8D\xE3\x81\xBE\xE3\x81\x9B\xE3\x82\x93 "
               "\xF0\x9F\x94\xA5 "
               "(path C:\\data\\pg \x1b[31mFATAL\x1b[0m)";
    }
  }

  void frame(std::string_view type, const Event& e) {
    const Kind& kind = *e.kind;
    const Workload& w = *e.pod.workload;
    const bool onNode = kind.target == Target::node;
    const std::string_view ns =
        onNode ? std::string_view("default") : std::string_view(w.ns);
    const std::string created = rfc3339(e.created, false);
    const std::string node = nodeName(e.pod.node);

    out_.raw(R"({"type":")").raw(type);
    out_.raw(R"(","object":{"kind":"Event","apiVersion":"v1","metadata":{"name":)")
        .quoted(e.name);
    out_.raw(R"(,"namespace":)").quoted(ns);
    out_.raw(R"(,"uid":)").quoted(e.uid);
    out_.raw(R"(,"resourceVersion":")").number(e.resourceVersion);
    out_.raw(R"(","creationTimestamp":)").quoted(created);
    if (options_.managedFields) managedFields(e);
    out_.raw("}");
    involvedObject(e, ns);
    out_.raw(R"(,"reason":)").quoted(kind.reason);
    out_.raw(R"(,"message":)").quoted(e.message);

    const std::string_view cls = kind.warning ? "Warning" : "Normal";
    if (kind.writer == Writer::scheduler) {
      out_.raw(R"(,"source":{},"firstTimestamp":null,"lastTimestamp":null,"type":)")
          .quoted(cls);
      out_.raw(R"(,"eventTime":)").quoted(rfc3339(e.created, true));
      if (e.count > 1) {
        out_.raw(R"(,"series":{"count":)").number(e.count);
        out_.raw(R"(,"lastObservedTime":)").quoted(rfc3339(e.last, true)).raw("}");
      }
      out_.raw(R"(,"action":)").quoted(kind.warning ? "Scheduling" : "Binding");
      out_.raw(R"(,"reportingComponent":"default-scheduler","reportingInstance":)")
          .quoted(e.reportingInstance);
    } else {
      const bool kubelet = kind.writer == Writer::kubelet;
      const std::string_view component =
          kubelet ? std::string_view("kubelet") : kind.component;
      out_.raw(R"(,"source":{"component":)").quoted(component);
      if (kubelet) out_.raw(R"(,"host":)").quoted(node);
      out_.raw(R"(},"firstTimestamp":)").quoted(created);
      out_.raw(R"(,"lastTimestamp":)").quoted(rfc3339(e.last, false));
      out_.raw(R"(,"count":)").number(e.count);
      out_.raw(R"(,"type":)").quoted(cls);
      out_.raw(R"(,"eventTime":null,"reportingComponent":)").quoted(component);
      out_.raw(R"(,"reportingInstance":)")
          .quoted(kubelet ? std::string_view(node) : "");
    }
    out_.raw("}}");
    endFrame(type);
    add(byClass_, cls);
    add(byReason_, kind.reason);
  }

  void managedFields(const Event& e) {
    const bool scheduler = e.kind->writer == Writer::scheduler;
    const bool kubelet = e.kind->writer == Writer::kubelet;
    out_.raw(R"(,"managedFields":[{"manager":")")
        .raw(scheduler ? "kube-scheduler"
             : kubelet ? "kubelet"
                       : "kube-controller-manager");
    out_.raw(R"(","operation":"Update","apiVersion":")")
        .raw(scheduler ? "events.k8s.io/v1" : "v1");
    out_.raw(R"(","time":)").quoted(rfc3339(e.last, false));
    out_.raw(R"(,"fieldsType":"FieldsV1","fieldsV1":)");
    if (scheduler) {
      out_.raw(
              R"({"f:action":{},"f:eventTime":{},"f:note":{},"f:reason":{},"f:regarding":{},)")
          .raw(R"("f:reportingController":{},"f:reportingInstance":{},)");
      if (e.count > 1) {
        out_.raw(R"("f:series":{".":{},"f:count":{},"f:lastObservedTime":{}},)");
      }
      out_.raw(R"("f:type":{}}}])");
    } else {
      out_.raw(R"({"f:count":{},"f:firstTimestamp":{},"f:involvedObject":{},)")
          .raw(
              R"("f:lastTimestamp":{},"f:message":{},"f:reason":{},"f:reportingComponent":{},)");
      if (kubelet) out_.raw(R"("f:reportingInstance":{},)");
      out_.raw(R"("f:source":{"f:component":{})");
      if (kubelet) out_.raw(R"(,"f:host":{})");
      out_.raw(R"(},"f:type":{}}}])");
    }
  }

  void involvedObject(const Event& e, std::string_view ns) {
    const Workload& w = *e.pod.workload;
    out_.raw(R"(,"involvedObject":{"kind":)");
    switch (e.kind->target) {
      case Target::pod:
      case Target::container:
        out_.raw(R"("Pod","namespace":)").quoted(ns);
        out_.raw(R"(,"name":)").quoted(e.pod.name);
        out_.raw(R"(,"uid":)").quoted(e.pod.uid);
        out_.raw(R"(,"apiVersion":"v1","resourceVersion":")")
            .number(e.pod.resourceVersion);
        if (e.kind->target == Target::container) {
          out_.raw(R"(","fieldPath":"spec.containers{)")
              .raw(kContainers[e.pod.container])
              .raw("}");
        }
        out_.raw(R"("})");
        break;
      case Target::replicaSet:
      case Target::workload: {
        const bool set = e.kind->target == Target::replicaSet;
        out_.raw(set ? R"("ReplicaSet","namespace":)" : R"("Deployment","namespace":)")
            .quoted(ns);
        out_.raw(R"(,"name":)").quoted(set ? w.replicaSet : w.name);
        out_.raw(R"(,"uid":)").quoted(w.uid);
        out_.raw(R"(,"apiVersion":"apps/v1","resourceVersion":")")
            .number(e.pod.resourceVersion)
            .raw(R"("})");
        break;
      }
      case Target::node: {
        const std::string node = nodeName(e.pod.node);
        out_.raw(R"("Node","name":)").quoted(node);
        out_.raw(R"(,"uid":)").quoted(node).raw("}");
        break;
      }
    }
  }

  // Updates start once this many series are open.
  static constexpr std::size_t kMinOpen = 64;

  const Options& options_;
  Rng rng_;
  Out out_;
  std::vector<Workload> workloads_;
  std::vector<Pod> pods_;
  std::vector<Event> open_;
  std::vector<Event> expiring_;
  std::size_t expiringHead_ = 0;
  double normalWeight_ = 0;
  double warningWeight_ = 0;
  std::uint64_t now_;  // microseconds since the epoch
  std::uint64_t resourceVersion_ = 2810786000;
  std::uint64_t created_ = 0;
  std::size_t minFrame_ = SIZE_MAX;
  std::size_t maxFrame_ = 0;
  Counts byType_;
  Counts byClass_;
  Counts byReason_;
};

[[noreturn]] void usage(const char* problem, const char* what) {
  std::fprintf(stderr,
               "gen_watch_stream: %s%s (see the head of the source for usage)\n",
               problem, what);
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    auto value = [&]() -> const char* {
      if (i + 1 == argc) usage("missing value for ", argv[i]);
      return argv[++i];
    };
    auto whole = [&] {
      const char* name = argv[i];
      const char* text = value();
      char* end = nullptr;
      const std::uint64_t n = std::strtoull(text, &end, 10);
      if (*text < '0' || *text > '9' || *end != '\0')
        usage("not a whole number for ", name);
      return n;
    };
    auto share = [&] {
      const char* name = argv[i];
      const char* text = value();
      char* end = nullptr;
      const double p = std::strtod(text, &end);
      if (end == text || *end != '\0' || !(p >= 0 && p <= 1))
        usage("not in 0..1: ", name);
      return p;
    };
    if (flag == "--frames")
      o.frames = whole();
    else if (flag == "--seed")
      o.seed = whole();
    else if (flag == "--warning")
      o.warning = share();
    else if (flag == "--modified")
      o.modified = share();
    else if (flag == "--deleted")
      o.deleted = share();
    else if (flag == "--bookmark-every")
      o.bookmarkEvery = whole();
    else if (flag == "--namespaces")
      o.namespaces = std::max<std::uint64_t>(1, whole());
    else if (flag == "--workloads")
      o.workloads = std::max<std::uint64_t>(1, whole());
    else if (flag == "--nodes")
      o.nodes = std::max<std::uint64_t>(1, whole());
    else if (flag == "--series")
      o.series = std::max<std::uint64_t>(1, whole());
    else if (flag == "--start")
      o.start = whole();
    else if (flag == "--no-managed-fields")
      o.managedFields = false;
    else if (flag == "--expired")
      o.expired = true;
    else if (flag == "--summary")
      o.summary = value();
    else
      usage("unknown option ", argv[i]);
  }
  if (o.modified + o.deleted > 1)
    usage("--modified and --deleted add up to more than 1", "");
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  Generator generator(options, stdout);
  generator.run();
  if (std::fflush(stdout) != 0) {
    std::perror("gen_watch_stream: write");
    return 1;
  }
  if (!options.summary.empty()) {
    std::FILE* file = std::fopen(options.summary.c_str(), "w");
    if (file == nullptr) {
      std::perror(options.summary.c_str());
      return 1;
    }
    generator.writeSummary(file);
    if (std::fclose(file) != 0) {
      std::perror(options.summary.c_str());
      return 1;
    }
  }
  return 0;
}
