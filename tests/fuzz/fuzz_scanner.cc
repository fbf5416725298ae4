// The scanner against itself: cutting a stream changes nothing; what it finds lies
// where it says, in order, and its documents are objects with matching brackets.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "kube/json_scanner.h"

namespace k8sentry::internal {
namespace {

using Step = JsonScanner::Step;

struct Found {
  Step step;
  std::uint64_t begin;
  std::uint64_t end;
  bool operator==(const Found&) const = default;
};

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

std::vector<Found> Scan(std::string_view text, std::size_t bytes) {
  JsonScanner scanner;
  std::vector<Found> found;
  const auto note = [&](Step step) {
    if (step == Step::kMore || step == Step::kLine) return;
    found.push_back({step, scanner.start(), scanner.offset()});
  };
  std::uint64_t lines = 0;
  for (std::size_t at = 0; at < text.size(); at += bytes) {
    // A copy of its own size: what reads beyond it is seen.
    const std::vector<char> piece(
        text.begin() + static_cast<std::ptrdiff_t>(at),
        text.begin() + static_cast<std::ptrdiff_t>(std::min(at + bytes, text.size())));
    std::string_view rest(piece.data(), piece.size());
    while (!rest.empty()) {
      std::size_t used = 0;
      const Step step = scanner.Scan(rest, used);
      Check(used <= rest.size(), "used more than there was");
      Check(used > 0 || step != Step::kMore, "went nowhere");
      lines += step == Step::kLine;
      note(step);
      rest.remove_prefix(used);
    }
  }
  Check(scanner.blank_lines() <= lines, "more blank lines than lines");
  Check(scanner.offset() == text.size(), "lost count");
  note(scanner.EndFile());
  return found;
}

bool BracketsMatch(std::string_view text) {
  std::string stack;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      stack += c == '{' ? '}' : ']';
    } else if (c == '}' || c == ']') {
      if (stack.empty() || stack.back() != c) return false;
      stack.pop_back();
      if (stack.empty() && i + 1 != text.size()) return false;
    }
  }
  return stack.empty() && !in_string;
}

}  // namespace
}  // namespace k8sentry::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace k8sentry::internal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<Found> whole = Scan(text, text.size() + 1);
  std::uint64_t last = 0;
  for (const Found& found : whole) {
    Check(found.begin >= last && found.end >= found.begin && found.end <= size,
          "out of order");
    last = found.end;
    const std::string_view part = text.substr(found.begin, found.end - found.begin);
    if (found.step == Step::kDocument || found.step == Step::kItem) {
      Check(part.front() == '{' && BracketsMatch(part), "no object");
    }
  }
  for (const std::size_t bytes : {1, 2, 3, 7}) {
    Check(Scan(text, bytes) == whole, "cutting changes what is found");
  }
  return 0;
}
