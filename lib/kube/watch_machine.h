// A WatchMachine decides what to ask an API server next, so that no Event is missed.
//
// It lists page by page, watches from the list's version, resumes at its mark, lists
// again when the server has forgotten the mark, and backs off. It performs no I/O:
// requests come out, what became of them goes in. (Kubernetes API concepts, efficient
// detection of changes.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "kube/api_status.h"
#include "kube/resumption.h"
#include "kube/watch_query.h"

namespace k8sentry::internal {

enum class Ask : std::uint8_t {
  kIdentify,  // the namespace kube-system, whose uid is the cluster's
  kProbe,  // a list of one item, for its version only: is this storage older than the
           // mark?
  kList,   // a page
  kWatch,
};

// What a watch may last beyond the time it asked for.
inline constexpr Duration kWatchGrace = std::chrono::seconds(30);

struct WatchRequest {
  Ask ask = Ask::kList;
  std::string query;  // none for kIdentify
  Duration deadline = {};
};

// What became of a request, told when all that it brought has been handed out.
struct ResponseEnd {
  Status transport;                     // how it ended
  int http_status = 0;                  // 0: there was no response
  std::optional<Duration> retry_after;  // the header
  // Of a response other than 200 its body; of a watch its ERROR frame, if
  // `error_frame`.
  ApiStatus error;
  bool error_frame = false;
  bool list_ended = false;  // the List was whole
  std::string list_version;
  std::string list_continue;
  std::string cluster_id;
};

// What an Event of a response is to us.
enum class Reading : std::uint8_t {
  kNew,
  kStale,   // read before, or too old
  kRetell,  // read by a run before this one, but not known to be with a receiver
};

class WatchMachine {
 public:
  // Items of a first list older than `lookback` are stale. `left` is what an earlier
  // run left; null: it shall not ask which cluster this is. Requires: `options` as
  // CheckWatch accepts them.
  WatchMachine(const WatchOptions& options, const WatchedResource& resource,
               Duration lookback, std::uint64_t seed, Resumption* left);

  // What to send now; nullopt while one is under way, or it is too early.
  std::optional<WatchRequest> Next(SteadyTime now);
  // When Next or NextRotation has something.
  SteadyTime NextDeadline() const;

  // While a watch is under way: the one that shall take its place, once it is time.
  std::optional<WatchRequest> NextRotation(SteadyTime now);
  // It has taken it. `stalled`: it brought what the old one had kept from us.
  void Rotated(bool stalled, SteadyTime now);
  // It came to nothing; the watch under way goes on to its own end.
  void RotationFailed();

  // The head of the response has come.
  void Head(int http_status, SteadyTime now);
  void End(const ResponseEnd& end, SteadyTime now);

  // What `event`, from the response under way, is. In a watch the mark moves to its
  // version.
  Reading Judge(const Event& event, Time wall);
  // Moves the mark to the version of a DELETED or BOOKMARK frame of a watch.
  void Advance(std::string_view version);

  // The version up to which everything was handed out; empty before the first list's
  // end.
  const std::string& mark() const { return mark_; }
  // The same, or as far as an earlier run had come.
  const std::string& observed() const;
  // Empty: unknown.
  const std::string& cluster_id() const { return cluster_id_; }
  const WatchStatus& status() const { return status_; }
  bool watching() const { return under_way_ == Ask::kWatch; }
  // Whether `version` lies above the mark.
  bool IsNews(std::string_view version) const;
  // How often the storage turned out to be older than the mark.
  int storage_resets() const { return storage_resets_; }

 private:
  void EndIdentify(const ResponseEnd& end, SteadyTime now);
  void EndProbe(const ResponseEnd& end, SteadyTime now);
  void ResetStorage();
  void PassObserved();
  void EndPage(const ResponseEnd& end, SteadyTime now);
  void EndWatch(const ResponseEnd& end, SteadyTime now);
  void EndErrorFrame(const ResponseEnd& end, SteadyTime now);
  void EndRefused(Ask ask, const ResponseEnd& end, SteadyTime now);
  void Relist(const std::string& why, SteadyTime now);
  void RestartList(const ResponseEnd& end, SteadyTime now);
  // Waits for a backoff, or as long as the server asks for.
  void Fail(WatchState state, std::string detail, SteadyTime now,
            std::optional<Duration> wanted = std::nullopt);
  void Enter(WatchState state, std::string detail, SteadyTime now);
  void EnterLive(SteadyTime now);
  std::string WatchQuery(std::int64_t seconds) const;
  std::string ListQuery() const;
  Duration Between(Duration low, Duration high);
  WatchRequest NewWatch();
  SteadyTime RotationTime(SteadyTime start, const WatchRequest& watch) const;
  void NoteNews(SteadyTime now);

  const std::string rule_;  // that a role needs
  const std::string selectors_;
  const Duration lookback_;
  const std::size_t page_size_;
  const Duration min_watch_, max_watch_;
  const Duration overlap_;
  const Duration min_backoff_, max_backoff_;
  Random random_;

  std::optional<Ask> under_way_;
  SteadyTime started_;     // the request under way,
  std::string mark_then_;  // and the mark at that time
  SteadyTime not_before_ = SteadyTime::min();
  WatchStatus status_;
  // Of a watch: when it shall be joined by the next; and of that one, the same three.
  SteadyTime rotate_at_ = SteadyTime::max();
  std::optional<SteadyTime> next_started_;
  SteadyTime next_rotate_at_;
  std::string next_mark_then_;
  int stalls_ = 0;                       // in a row; they make the next watches shorter
  std::optional<SteadyTime> last_live_;  // when a watch was last up

  Resumption* const left_;
  std::string cluster_id_;
  bool identify_due_ = false;
  bool may_identify_ = false;

  std::string mark_;
  std::string observed_then_;  // by an earlier run; empty once we are beyond
  bool list_due_ = true;
  bool probe_due_ = false;
  std::string continue_;
  int restarts_ = 0;  // of this list, because its token expired
  bool unpaged_ = false;

  int failures_ = 0;               // since something worked; makes the backoff grow
  int short_watches_ = 0;          // in a row
  int barren_relists_ = 0;         // in a row, without news after them
  int forbidden_ = 0;              // in a row
  bool credential_tried_ = false;  // again, since the last response but 401
  int storage_resets_ = 0;
};

}  // namespace k8sentry::internal
