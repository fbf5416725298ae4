#include "kube/watch_machine.h"

#include <algorithm>
#include <utility>

#include "base/resource_version.h"

namespace k8sentry::internal {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kPageDeadline = minutes(2);
constexpr Duration kUnpagedDeadline = minutes(10);
constexpr Duration kMaxRetryAfter = minutes(5);
constexpr Duration kMinForbidden = seconds(30);
constexpr Duration kMaxForbidden = seconds(60);
// A watch that ends sooner, without news, did not work.
constexpr Duration kShortWatch = seconds(1);
// A watch that lasted so long did, whatever ended it.
constexpr Duration kLongWatch = seconds(30);
constexpr int kMaxShortWatches = 3;
// After stalls watches last half as long, down to this.
constexpr Duration kMinStalledWatch = seconds(30);
constexpr int kMaxListRestarts = 2;
// Of a server that had let us in.
constexpr int kMaxHastyRefusals = 3;

std::string Describe(const ResponseEnd& end) {
  std::string text = "HTTP " + std::to_string(end.http_status);
  if (!end.error.message.empty()) text += ": " + end.error.message;
  return text;
}

}  // namespace

WatchMachine::WatchMachine(const WatchOptions& options, const WatchedResource& resource,
                           Duration lookback, std::uint64_t seed, Resumption* left)
    : rule_(RuleFor(resource)),
      selectors_(Selectors(resource)),
      lookback_(lookback),
      page_size_(options.page_size),
      min_watch_(options.min_watch),
      max_watch_(options.max_watch),
      overlap_(options.overlap),
      min_backoff_(options.min_backoff),
      max_backoff_(options.max_backoff),
      random_(seed),
      left_(left),
      identify_due_(left != nullptr),
      may_identify_(left != nullptr) {
  if (left_ == nullptr) return;
  cluster_id_ = left_->cluster_id();
  const WatchMark* const mark = left_->MarkOf(WatchName(resource));
  if (mark == nullptr || mark->acknowledged.empty()) return;
  mark_ = mark->acknowledged;
  if (IsNewer(mark->observed, mark_)) observed_then_ = mark->observed;
  list_due_ = false;
  probe_due_ = true;
}

const std::string& WatchMachine::observed() const {
  return observed_then_.empty() ? mark_ : observed_then_;
}

std::optional<WatchRequest> WatchMachine::Next(SteadyTime now) {
  if (under_way_ || now < not_before_) return std::nullopt;
  started_ = now;
  mark_then_ = mark_;
  if (identify_due_ && may_identify_) {
    under_way_ = Ask::kIdentify;
    return WatchRequest{Ask::kIdentify, "", kPageDeadline};
  }
  if (probe_due_ && !mark_.empty()) {
    under_way_ = Ask::kProbe;
    return WatchRequest{Ask::kProbe, "limit=1" + selectors_, kPageDeadline};
  }
  if (list_due_) {
    under_way_ = Ask::kList;
    return WatchRequest{Ask::kList, ListQuery(),
                        unpaged_ ? kUnpagedDeadline : kPageDeadline};
  }
  under_way_ = Ask::kWatch;
  WatchRequest watch = NewWatch();
  rotate_at_ = RotationTime(now, watch);
  return watch;
}

WatchRequest WatchMachine::NewWatch() {
  Duration length = Between(min_watch_, max_watch_);
  for (int i = 0; i < stalls_; ++i) length = std::max(length / 2, kMinStalledWatch);
  const std::int64_t whole = std::chrono::round<seconds>(length).count();
  return {Ask::kWatch, WatchQuery(whole), seconds(whole) + kWatchGrace};
}

SteadyTime WatchMachine::NextDeadline() const {
  if (!under_way_) return not_before_;
  return watching() && !next_started_ ? rotate_at_ : SteadyTime::max();
}

bool WatchMachine::IsNews(std::string_view version) const {
  return !version.empty() && IsNewer(version, mark_);
}

void WatchMachine::Head(int http_status, SteadyTime now) {
  if (http_status != 401) credential_tried_ = false;
  if (http_status != 403) forbidden_ = 0;
  if (http_status != 200 || !under_way_) return;
  if (*under_way_ == Ask::kWatch) {
    EnterLive(now);
  } else if (*under_way_ == Ask::kList) {
    Enter(mark_.empty() ? WatchState::kListing : WatchState::kRelisting, "", now);
  }
}

void WatchMachine::End(const ResponseEnd& end, SteadyTime now) {
  const Ask ask = std::exchange(under_way_, std::nullopt).value_or(Ask::kList);
  if (end.http_status == 0) {
    // Whoever answers next may be another server with an older storage, on which a
    // watch from our mark would wait in silence.
    identify_due_ = probe_due_ = true;
    return Fail(WatchState::kUnavailable, end.transport.message(), now);
  }
  if (ask == Ask::kIdentify && end.http_status >= 400 && end.http_status < 500 &&
      end.http_status != 401 && end.http_status != 429) {
    // Not allowed to know; versions alone must tell whether the storage is the same.
    may_identify_ = false;
    return;
  }
  if (end.http_status != 200) return EndRefused(ask, end, now);
  switch (ask) {
    case Ask::kIdentify:
      return EndIdentify(end, now);
    case Ask::kProbe:
      return EndProbe(end, now);
    case Ask::kList:
      return EndPage(end, now);
    case Ask::kWatch:
      return EndWatch(end, now);
  }
}

void WatchMachine::EndIdentify(const ResponseEnd& end, SteadyTime now) {
  if (!end.transport.ok()) {
    return Fail(WatchState::kUnavailable, end.transport.message(), now);
  }
  identify_due_ = false;
  if (end.cluster_id.empty()) return;
  const bool other = !cluster_id_.empty() && cluster_id_ != end.cluster_id;
  cluster_id_ = end.cluster_id;
  if (other && !mark_.empty()) ResetStorage();
}

// What we know of versions is of another storage: all begins anew.
void WatchMachine::ResetStorage() {
  ++storage_resets_;
  mark_.clear();
  observed_then_.clear();
  if (left_ != nullptr) left_->Forget();
  list_due_ = true;
  probe_due_ = false;
  continue_.clear();
}

void WatchMachine::EndProbe(const ResponseEnd& end, SteadyTime now) {
  if (!end.transport.ok()) {
    return Fail(WatchState::kUnavailable, end.transport.message(), now);
  }
  if (!end.list_ended) {
    return Fail(WatchState::kUnavailable, "the server's answer is not a List", now);
  }
  probe_due_ = false;
  if (IsNewer(mark_, end.list_version) && IsNewer(end.list_version, mark_)) {
    return;  // not numbers: nothing is known
  }
  if (IsNewer(mark_, end.list_version)) ResetStorage();
}

void WatchMachine::EndPage(const ResponseEnd& end, SteadyTime now) {
  // A page that was cut is asked for again; what was read of it comes as stale.
  if (!end.transport.ok()) {
    return Fail(WatchState::kUnavailable, end.transport.message(), now);
  }
  if (!end.list_ended) {
    return Fail(WatchState::kUnavailable, "the server's answer is not a List", now);
  }
  if (!end.list_continue.empty() && end.list_continue == continue_) {
    continue_.clear();
    return Fail(WatchState::kUnavailable, "the server's pages repeat themselves", now);
  }
  continue_ = end.list_continue;
  if (!continue_.empty()) return;
  list_due_ = false;
  restarts_ = 0;
  unpaged_ = false;
  if (mark_.empty() || IsNewer(end.list_version, mark_)) mark_ = end.list_version;
  PassObserved();
  // Now, not at the watch's head: some proxies keep that until a frame comes.
  EnterLive(now);
}

void WatchMachine::EndWatch(const ResponseEnd& end, SteadyTime now) {
  RotationFailed();
  const Duration lasted = now - started_;
  const bool news = mark_ != mark_then_;
  NoteNews(now);
  if (end.error_frame) return EndErrorFrame(end, now);
  if (!end.transport.ok()) {
    // As above: whoever answers next may be another server.
    identify_due_ = probe_due_ = true;
    return Fail(WatchState::kUnavailable, end.transport.message(), now);
  }
  if (news || lasted >= kShortWatch) {
    short_watches_ = 0;
    return;  // its time was over: the next one at once
  }
  if (++short_watches_ >= kMaxShortWatches) {
    short_watches_ = 0;
    list_due_ = probe_due_ = true;
  }
  Fail(WatchState::kUnavailable, "the server ends watches as soon as they begin", now);
}

void WatchMachine::NoteNews(SteadyTime now) {
  last_live_ = now;
  // Frames that bring nothing new are no news: a proxy may send the same for ever.
  const bool news = mark_ != mark_then_;
  if (news || now - started_ >= kLongWatch) failures_ = 0;
  if (news) barren_relists_ = 0;
}

void WatchMachine::EndErrorFrame(const ResponseEnd& end, SteadyTime now) {
  const ApiStatus& error = end.error;
  if (error.expired()) return Relist(error.message, now);
  std::string detail = "the watch ended with an error";
  if (error.code != 0) detail += " " + std::to_string(error.code);
  if (!error.message.empty()) detail += ": " + error.message;
  Fail(WatchState::kUnavailable, std::move(detail), now, error.retry_after);
}

void WatchMachine::EndRefused(Ask ask, const ResponseEnd& end, SteadyTime now) {
  switch (end.http_status) {
    case 401:
      // The credential may have been replaced since it was read: once more, at once.
      if (!std::exchange(credential_tried_, true)) return;
      return Fail(WatchState::kUnauthorized, Describe(end), now);
    case 403:
      // A server that has just started refuses everybody until it has read its rules.
      if (last_live_ && ++forbidden_ <= kMaxHastyRefusals) break;
      return Fail(WatchState::kForbidden, Describe(end) + rule_, now,
                  Between(kMinForbidden, kMaxForbidden));
    case 410:
      if (ask == Ask::kWatch) return Relist(Describe(end), now);
      return RestartList(end, now);
    case 400:
    case 404:
    case 422:
      // A watch that the server does not understand: its version may be the reason.
      if (ask == Ask::kWatch) list_due_ = probe_due_ = true;
      break;
    default:
      break;
  }
  const bool obeys = end.http_status == 429 || end.http_status >= 500;
  const auto wanted = end.retry_after ? end.retry_after : end.error.retry_after;
  Fail(WatchState::kUnavailable, Describe(end), now, obeys ? wanted : std::nullopt);
}

void WatchMachine::Relist(const std::string& why, SteadyTime now) {
  list_due_ = probe_due_ = true;
  continue_.clear();
  // The first time at once; when every watch is refused, ever more slowly.
  if (++barren_relists_ > 1) {
    return Fail(WatchState::kRelisting, "watches are refused again and again: " + why,
                now);
  }
  Enter(WatchState::kRelisting, why, now);
}

void WatchMachine::RestartList(const ResponseEnd& end, SteadyTime now) {
  const bool first_page = continue_.empty();
  continue_.clear();
  if (first_page || unpaged_) {
    return Fail(WatchState::kUnavailable, Describe(end), now);
  }
  if (++restarts_ > kMaxListRestarts) unpaged_ = true;
}

Reading WatchMachine::Judge(const Event& event, Time wall) {
  if (mark_.empty()) {
    // A run that was killed in its first list.
    if (left_ != nullptr && left_->TakeObject(event.uid)) return Reading::kRetell;
    if (lookback_ <= Duration::zero()) return Reading::kStale;
    const std::optional<Time> occurred = event.occurrence_time();
    return occurred && wall - *occurred > lookback_ ? Reading::kStale : Reading::kNew;
  }
  const std::string_view version = event.resource_version;
  if (version.empty()) return Reading::kNew;
  if (!IsNewer(version, mark_)) return Reading::kStale;
  Reading reading = Reading::kNew;
  if (!observed_then_.empty()) {
    // A list shows only the last version of an object; what was not acknowledged of it
    // can only be told as that.
    const bool known = !IsNewer(version, observed_then_);
    const bool retell = !watching() ? left_->TakeObject(event.uid)
                                    : known && left_->TakeVersion(event.uid, version);
    reading = retell ? Reading::kRetell : known ? Reading::kStale : Reading::kNew;
  }
  if (watching()) {
    mark_ = version;
    PassObserved();
  }
  return reading;
}

void WatchMachine::Advance(std::string_view version) {
  if (version.empty() || !IsNewer(version, mark_)) return;
  mark_ = version;
  PassObserved();
}

// Beyond what the earlier run had read there is nothing left of it.
void WatchMachine::PassObserved() {
  if (!observed_then_.empty() && !IsNewer(observed_then_, mark_))
    observed_then_.clear();
}

void WatchMachine::Fail(WatchState state, std::string detail, SteadyTime now,
                        std::optional<Duration> wanted) {
  Duration delay = {};
  if (wanted && *wanted > Duration::zero()) {
    const Duration asked = std::min(*wanted, kMaxRetryAfter);
    delay = Between(asked, asked + asked / 10);
  } else {
    Duration longest = min_backoff_;
    for (int i = 0; i < failures_ && longest < max_backoff_; ++i) longest *= 2;
    delay = Between({}, std::min(longest, max_backoff_));
  }
  ++failures_;
  not_before_ = now + delay;
  Enter(state, std::move(detail), now);
}

void WatchMachine::Enter(WatchState state, std::string detail, SteadyTime now) {
  if (status_.state != state) status_.since = now;
  status_.state = state;
  status_.detail = std::move(detail);
  const bool relists = state == WatchState::kRelisting && last_live_;
  status_.gap = relists ? now - *last_live_ : Duration::zero();
}

void WatchMachine::EnterLive(SteadyTime now) {
  const bool back = status_.state != WatchState::kWatching && last_live_;
  Enter(WatchState::kWatching, "", now);
  if (back) status_.gap = now - *last_live_;
  last_live_ = now;
}

std::string WatchMachine::WatchQuery(std::int64_t length) const {
  return "watch=1&allowWatchBookmarks=true&resourceVersion=" + PercentEncoded(mark_) +
         selectors_ + "&timeoutSeconds=" + std::to_string(length);
}

std::string WatchMachine::ListQuery() const {
  std::string query;
  if (!unpaged_) query += "&limit=" + std::to_string(page_size_);
  if (!continue_.empty()) query += "&continue=" + PercentEncoded(continue_);
  query += selectors_;
  return query.empty() ? query : query.substr(1);
}

Duration WatchMachine::Between(Duration low, Duration high) {
  const auto width = static_cast<double>((high - low).count());
  return low + Duration(static_cast<std::int64_t>(random_.Unit() * width));
}

}  // namespace k8sentry::internal
