#include "k8sentry/filter.h"

#include <re2/re2.h>

#include <algorithm>
#include <chrono>

#include "pipeline/label_match.h"

namespace k8sentry {
namespace internal {
namespace {

constexpr std::size_t kMaxLabels = 64;

bool Holds(const std::vector<std::string>& sorted, std::string_view value) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), value);
  return at != sorted.end() && *at == value;
}

// An IncludeExclude made ready for looking up.
class Set {
 public:
  explicit Set(IncludeExclude rule) : rule_(std::move(rule)) {
    std::sort(rule_.include.begin(), rule_.include.end());
    std::sort(rule_.exclude.begin(), rule_.exclude.end());
  }

  bool names_some() const { return !rule_.include.empty(); }
  bool Admits(std::string_view value) const {
    return (rule_.include.empty() || Holds(rule_.include, value)) && !Excludes(value);
  }
  // Of two values of which either counts.
  bool AdmitsEither(std::string_view a, std::string_view b) const {
    return (rule_.include.empty() || Holds(rule_.include, a) ||
            Holds(rule_.include, b)) &&
           !Excludes(a) && !Excludes(b);
  }

 private:
  bool Excludes(std::string_view value) const {
    return !rule_.exclude.empty() && Holds(rule_.exclude, value);
  }

  IncludeExclude rule_;
};

Result<std::unique_ptr<RE2>> Compile(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_unique<RE2>(pattern, options);
  if (!compiled->ok()) {
    return Status(StatusCode::kInvalidArgument,
                  "message pattern '" + pattern + "': " + compiled->error());
  }
  return compiled;
}

Result<std::vector<Label>> ParseLabels(const std::vector<std::string>& texts) {
  std::vector<Label> labels;
  for (const std::string& text : texts) {
    const std::size_t equal = text.find('=');
    if (equal == text.npos || equal == 0) {
      return Status(StatusCode::kInvalidArgument,
                    "label '" + text + "' is not of the form key=value");
    }
    labels.push_back({text.substr(0, equal), text.substr(equal + 1)});
  }
  if (labels.size() > kMaxLabels) {
    return Status(StatusCode::kInvalidArgument, "more than 64 labels to filter by");
  }
  return labels;
}

class StockFilter final : public Filter {
 public:
  explicit StockFilter(const FilterOptions& options)
      : type_(options.type),
        reason_(options.reason),
        namespace_(options.namespace_),
        kind_(options.kind),
        name_(options.name),
        component_(options.component),
        max_age_(options.max_age),
        default_(!type_.names_some() && !reason_.names_some()),
        default_reasons_(DefaultNormalReasons()) {
    std::sort(default_reasons_.begin(), default_reasons_.end());
  }

  Status Prepare(const FilterOptions& options) {
    for (const auto& [pattern, to] : {std::pair{&options.message.include, &include_},
                                      std::pair{&options.message.exclude, &exclude_}}) {
      if (pattern->empty()) continue;
      auto compiled = Compile(*pattern);
      if (!compiled.ok()) return compiled.status();
      *to = *std::move(compiled);
    }
    for (const auto& [texts, to] : {std::pair{&options.label.include, &labels_},
                                    std::pair{&options.label.exclude, &no_labels_}}) {
      auto labels = ParseLabels(*texts);
      if (!labels.ok()) return labels.status();
      *to = *std::move(labels);
    }
    return {};
  }

  bool Admit(const Event& event, Now now) override {
    const ObjectReference& object = event.involved_object;
    if (default_ && event.type == "Normal" && !Holds(default_reasons_, event.reason)) {
      return false;
    }
    return type_.Admits(event.type) && reason_.Admits(event.reason) &&
           namespace_.Admits(object.namespace_) && kind_.Admits(object.kind) &&
           name_.Admits(object.name) &&
           component_.AdmitsEither(event.reporting_component, event.source_component) &&
           YoungEnough(event, now) && AdmitsLabels(event.labels) &&
           AdmitsMessage(event.message);
  }

 private:
  bool YoungEnough(const Event& event, Now now) const {
    const std::optional<Time> at = event.occurrence_time();
    if (!max_age_ || !at || *at >= now.wall) return true;
    // In microseconds, for centuries are too many nanoseconds.
    return now.wall - *at <= std::chrono::floor<std::chrono::microseconds>(*max_age_);
  }

  bool AdmitsLabels(std::string_view labels) const {
    return (labels_.empty() || CountLabels(labels, labels_) == labels_.size()) &&
           (no_labels_.empty() || CountLabels(labels, no_labels_) == 0);
  }

  bool AdmitsMessage(std::string_view message) const {
    const re2::StringPiece text(message.data(), message.size());
    return (!include_ || RE2::PartialMatch(text, *include_)) &&
           (!exclude_ || !RE2::PartialMatch(text, *exclude_));
  }

  Set type_, reason_, namespace_, kind_, name_, component_;
  std::optional<Duration> max_age_;
  std::unique_ptr<RE2> include_, exclude_;
  std::vector<Label> labels_, no_labels_;
  bool default_;
  std::vector<std::string> default_reasons_;
};

}  // namespace
}  // namespace internal

Result<std::unique_ptr<Filter>> NewFilter(const FilterOptions& options) {
  if (options.max_age && *options.max_age < Duration::zero()) {
    return Status(StatusCode::kInvalidArgument, "the maximum age is negative");
  }
  auto filter = std::make_unique<internal::StockFilter>(options);
  Status status = filter->Prepare(options);
  if (!status.ok()) return status;
  return std::unique_ptr<Filter>(std::move(filter));
}

const std::vector<std::string>& DefaultNormalReasons() {
  static const std::vector<std::string> kReasons = {"NodeNotReady",
                                                    "NodeHasDiskPressure",
                                                    "NodeHasInsufficientMemory",
                                                    "NodeHasInsufficientPID",
                                                    "TaintManagerEviction",
                                                    "Preempted",
                                                    "BackOff"};
  return kReasons;
}

}  // namespace k8sentry
