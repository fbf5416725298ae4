// Lists: whole, in pages, and of a past that was compacted.
#include <charconv>

#include "testing/fake_api_answers.h"
#include "testing/fake_api_objects.h"

namespace k8sentry::testing::internal {
namespace {

struct Token {
  std::uint64_t version = 0;  // 0: the newest
  std::string after;          // the key of the last object of the page before
};

// Opaque to clients, and with characters that a URL does not like.
std::string Write(const Token& token) {
  return std::to_string(token.version) + "/" + token.after + "=";
}

std::optional<Token> Read(const std::string& text) {
  Token token;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, token.version);
  if (error != std::errc() || stop == end || *stop != '/' || end[-1] != '=') {
    return std::nullopt;
  }
  token.after.assign(stop + 1, end - 1);
  return token;
}

std::uint64_t Number(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

LoopbackResponse TooOld(const Token& token) {
  // As real ones do, with a token that reads on at the newest version.
  const std::string metadata = R"({"continue":")" + Write({0, token.after}) + "\"}";
  return ErrorAnswer(410, "Expired",
                     "The provided continue parameter is too old to display a "
                     "consistent list result.",
                     "{}", token.after.empty() ? "{}" : metadata);
}

LoopbackResponse TooNew(std::uint64_t version, std::uint64_t newest) {
  return ErrorAnswer(504, "Timeout",
                     "Too large resource version: " + std::to_string(version) +
                         ", current: " + std::to_string(newest),
                     R"({"causes":[{"reason":"ResourceVersionTooLarge"}],)"
                     R"("retryAfterSeconds":1})");
}

LoopbackResponse Page(const ApiStore& store, const ApiTarget& target, Token token) {
  const std::size_t limit = Number(target.parameter("limit"));
  std::vector<std::string> items;
  std::size_t left = 0;
  std::string last;
  for (const ApiChange* change : store.At(target, token.version)) {
    if (!token.after.empty() && change->key() <= token.after) continue;
    if (limit > 0 && items.size() == limit) {
      ++left;
      continue;
    }
    items.push_back(change->object.Item());
    last = change->key();
  }
  const std::string next = left > 0 ? Write({token.version, last}) : "";
  return JsonAnswer(200, ApiList(target, items, token.version, next, left));
}

}  // namespace

LoopbackResponse ListAnswer(const ApiStore& store, const ApiTarget& target) {
  const std::uint64_t newest = store.version();
  if (const std::string text = target.parameter("continue"); !text.empty()) {
    std::optional<Token> token = Read(text);
    if (!token) {
      return ErrorAnswer(400, "BadRequest", "continue key is not valid");
    }
    if (token->version == 0) token->version = newest;
    if (token->version < store.compacted()) return TooOld(*token);
    return Page(store, target, *token);
  }
  const std::uint64_t wanted = Number(target.parameter("resourceVersion"));
  if (wanted > newest) return TooNew(wanted, newest);
  const bool exact = target.parameter("resourceVersionMatch") == "Exact";
  if (exact && wanted < store.compacted()) return TooOld({wanted, ""});
  return Page(store, target, {exact ? wanted : newest, ""});
}

}  // namespace k8sentry::testing::internal
