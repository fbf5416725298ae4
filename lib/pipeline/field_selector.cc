#include <string_view>
#include <utility>

#include "k8sentry/filter.h"

namespace k8sentry {
namespace {

// Servers and proxies bound the length of a URL; what does not fit is left to the
// filter.
constexpr std::size_t kMaxBytes = 1024;

class FieldSelector {
 public:
  // Of several wanted values a selector can ask for none.
  void Add(std::string_view field, const IncludeExclude& rule) {
    if (rule.include.size() == 1) Add(field, "=", rule.include.front());
    for (const std::string& value : rule.exclude) Add(field, "!=", value);
  }

  std::string Take() { return std::move(text_); }

 private:
  void Add(std::string_view field, std::string_view sign, std::string_view value) {
    std::string term;
    if (!text_.empty()) term = ',';
    term += field;
    term += sign;
    for (const char c : value) {
      if (c == '\\' || c == ',' || c == '=') term += '\\';
      term += c;
    }
    if (text_.size() + term.size() <= kMaxBytes) text_ += term;
  }

  std::string text_;
};

}  // namespace

std::string FieldSelectorOf(const FilterOptions& options) {
  FieldSelector selector;
  selector.Add("type", options.type);
  selector.Add("reason", options.reason);
  selector.Add("involvedObject.kind", options.kind);
  selector.Add("involvedObject.name", options.name);
  selector.Add("involvedObject.namespace", options.namespace_);
  return selector.Take();
}

}  // namespace k8sentry
