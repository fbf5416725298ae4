// A Filter says which Events may be reported at all.
//
// Filters run before anything is remembered, so what they refuse costs no memory.
//
// Threads: Admit may run on one thread at a time per instance.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "k8sentry/event.h"

namespace k8sentry {

class Filter {
 public:
  virtual ~Filter() = default;
  // Whether `event` may be reported. `now` is for age only.
  virtual bool Admit(const Event& event, Now now) = 0;
};

// A list of wanted and a list of unwanted values. Exact, case-sensitive. An empty
// `include` wants all; `exclude` wins.
struct IncludeExclude {
  std::vector<std::string> include = {};
  std::vector<std::string> exclude = {};
};

// A regular expression in RE2's syntax that must be found, or must not. Empty: no rule.
struct PatternFilter {
  std::string include = {};
  std::string exclude = {};
};

struct FilterOptions {
  // As long as `type` and `reason` include nothing: every type but Normal, and the
  // Normal reasons of docs/semantics.md 9. Naming types or reasons replaces this
  // default.
  IncludeExclude type = {};
  IncludeExclude reason = {};
  IncludeExclude namespace_ = {};  // the involved object's; cluster-scoped ones have ""
  IncludeExclude kind = {};        // the involved object's
  IncludeExclude name = {};        // the involved object's
  IncludeExclude component =
      {};  // reportingComponent or source.component; either counts
  PatternFilter message = {};
  // Labels "key=value" of the Event, all of which it must bear, or none. An Event whose
  // labels are not known bears none.
  IncludeExclude label = {};
  // Older Events are refused: now - occurrence time. nullopt: any age.
  std::optional<Duration> max_age = {};
};

// The stock filter. Errors: kInvalidArgument for a bad pattern or label.
Result<std::unique_ptr<Filter>> NewFilter(const FilterOptions& options);

// What of `options` an API server can do itself, as a field selector for core/v1 Events
// ("type=Warning,reason!=Pulled"), so that the Events it would refuse anyway are never
// sent; empty if it can do nothing. It admits all that the filter admits, and more: a
// selector knows no "or". At most 1,024 bytes.
std::string FieldSelectorOf(const FilterOptions& options);

// The Normal reasons that are reported by default.
const std::vector<std::string>& DefaultNormalReasons();

}  // namespace k8sentry
