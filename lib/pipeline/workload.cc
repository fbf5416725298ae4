#include "k8sentry/key.h"

namespace k8sentry {
namespace {

constexpr std::string_view kPodSuffix = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::string_view kTemplateHash = "456789bcdf";
constexpr std::string_view kDigits = "0123456789";

// Takes "-" and a run of `alphabet`, `min` to `max` long, off the end of `name`; false,
// and nothing is taken, if the name does not end so or nothing would be left.
bool Strip(std::string_view& name, std::string_view alphabet, std::size_t min,
           std::size_t max) {
  const std::size_t last = name.find_last_not_of(alphabet);
  if (last == name.npos || last == 0 || name[last] != '-') return false;
  const std::size_t length = name.size() - last - 1;
  if (length < min || length > max) return false;
  name = name.substr(0, last);
  return true;
}

bool StripPodSuffix(std::string_view& name) { return Strip(name, kPodSuffix, 5, 5); }

// A pod template hash is a decimal uint32 written in an alphabet of ten letters.
bool StripTemplateHash(std::string_view& name) {
  return Strip(name, kTemplateHash, 6, 10);
}

// A CronJob's Job carries its time: minutes since 1970 (8 digits), seconds before 1.21.
bool StripSchedule(std::string_view& name) {
  return Strip(name, kDigits, 8, 8) || Strip(name, kDigits, 10, 10);
}

bool StripOrdinal(std::string_view& name) {
  return Strip(name, kDigits, 1, name.size());
}

}  // namespace

Workload WorkloadOf(const ObjectReference& object) {
  std::string_view name = object.name;
  if (object.kind == "Pod") {
    if (StripPodSuffix(name)) {
      if (StripTemplateHash(name)) return {"Deployment", name};
      if (StripSchedule(name)) return {"CronJob", name};
      return {"Workload", name};
    }
    if (StripOrdinal(name)) return {"StatefulSet", name};
  } else if (object.kind == "ReplicaSet") {
    if (StripTemplateHash(name)) return {"Deployment", name};
  } else if (object.kind == "Job") {
    if (StripSchedule(name)) return {"CronJob", name};
  }
  return {object.kind, name};
}

Workload WorkloadOf(const Event& event) {
  if (event.owner.name.empty()) return WorkloadOf(event.involved_object);
  return {event.owner.kind, event.owner.name};
}

}  // namespace k8sentry
