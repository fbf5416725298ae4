#include <charconv>
#include <deque>
#include <utility>

#include "k8sentry/testing/fake_fault.h"
#include "testing/fake_api_objects.h"
#include "testing/fake_api_state.h"

namespace k8sentry::testing::internal {
namespace {

// (kube-apiserver's --min-request-timeout.)
constexpr std::int64_t kDefaultSeconds = 1800;

std::uint64_t Number(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

class WatchBody final : public LoopbackBody {
 public:
  WatchBody(ApiState& state, const ApiTarget& target, SteadyTime now)
      : state_(state),
        target_(target),
        life_(state.lives),
        bookmarks_(state.bookmarks),
        ends_(state.ends),
        allows_bookmarks_(target.flag("allowWatchBookmarks")) {
    const std::uint64_t seconds = Number(target.parameter("timeoutSeconds"));
    end_ = now + std::chrono::seconds(seconds > 0 ? static_cast<std::int64_t>(seconds)
                                                  : kDefaultSeconds);
    Begin();
  }

  Piece Next(SteadyTime now) override {
    const std::lock_guard lock(state_.mutex);
    if (life_ != state_.lives) return {"", LoopbackThen::kReset};
    if (!first_.empty()) {
      std::string frame = std::move(first_.front());
      first_.pop_front();
      return {std::move(frame)};
    }
    if (over_ || now >= end_) return {"", LoopbackThen::kEnd};
    if (const ApiChange* change = state_.store.Next(target_, at_)) {
      return {ApiFrame(change->type, change->object.json)};
    }
    if (std::exchange(bookmarks_, state_.bookmarks) != state_.bookmarks &&
        allows_bookmarks_) {
      return {ApiBookmark(target_, state_.store.version(), false)};
    }
    if (ends_ != state_.ends) return {"", LoopbackThen::kEnd};
    return {"", LoopbackThen::kWait, end_};
  }

 private:
  // What is said before anything changes.
  void Begin() {
    const ApiStore& store = state_.store;
    const std::uint64_t from = Number(target_.parameter("resourceVersion"));
    const bool initial = target_.flag("sendInitialEvents");
    // From the future on nothing is said until the future comes, as real servers do.
    at_ = from > store.version() ? static_cast<std::size_t>(from)
                                 : store.PlaceAfter(from);
    if (from > 0 && !initial) {
      if (from >= store.compacted()) return;
      first_.push_back(ApiFrame(
          "ERROR",
          ApiStatusJson(410, "Expired",
                        "The resourceVersion for the provided watch is too old.")));
      over_ = true;
      return;
    }
    for (const ApiChange* change : store.At(target_, store.version())) {
      first_.push_back(ApiFrame("ADDED", change->object.json));
    }
    at_ = store.PlaceAfter(store.version());
    if (initial) first_.push_back(ApiBookmark(target_, store.version(), true));
  }

  ApiState& state_;
  const ApiTarget target_;
  const std::uint64_t life_;
  std::uint64_t bookmarks_;
  const std::uint64_t ends_;
  const bool allows_bookmarks_;
  SteadyTime end_;
  std::deque<std::string> first_;
  bool over_ = false;  // after `first_`
  std::size_t at_ = 0;
};

}  // namespace

BodyPtr NewWatchBody(ApiState& state, const ApiTarget& target, SteadyTime now) {
  return std::make_shared<WatchBody>(state, target, now);
}

}  // namespace k8sentry::testing::internal
