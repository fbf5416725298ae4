#include "testing/fake_api_store.h"

#include <algorithm>
#include <cstdio>

namespace k8sentry::testing::internal {
namespace {

std::string Uid(std::uint64_t number) {
  char text[64];
  std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012llx",
                static_cast<unsigned long long>(number));
  return text;
}

std::string Key(const ApiObject& object) {
  return object.namespace_ + "/" + object.name;
}

}  // namespace

std::string ApiChange::key() const { return Key(object); }

void ApiStore::Wipe(const std::string& uid) {
  version_ = compacted_ = 0;
  log_.clear();
  live_.clear();
  collections_.clear();
  const ApiTarget namespaces = ParseApiTarget("POST", "/api/v1/namespaces");
  Create(namespaces, R"({"metadata":{"name":"kube-system","uid":")" + uid + R"("}})",
         "");
}

std::uint64_t ApiStore::Append(const ApiTarget& target, std::string_view type,
                               ApiObject object) {
  ApiChange change = {++version_, type, target.collection, std::move(object)};
  collections_[change.collection] = !change.object.namespace_.empty();
  live_[{change.collection, change.key()}] = log_.size();
  log_.push_back(std::move(change));
  return version_;
}

std::uint64_t ApiStore::Create(const ApiTarget& target, std::string_view object,
                               const std::string& now) {
  std::optional<ApiObject> made =
      StampObject(target, object, {std::to_string(version_ + 1), Uid(uids_ + 1), now});
  if (!made || live_.contains({target.collection, Key(*made)})) return 0;
  ++uids_;
  return Append(target, "ADDED", *std::move(made));
}

std::uint64_t ApiStore::Update(const ApiTarget& target, std::string_view object) {
  std::optional<ApiObject> made =
      StampObject(target, object, {std::to_string(version_ + 1), "", ""});
  if (!made) return 0;
  const auto old = live_.find({target.collection, Key(*made)});
  if (old == live_.end()) return 0;
  const ApiObject& then = log_[old->second].object;
  made = StampObject(target, object,
                     {std::to_string(version_ + 1), then.uid, then.created});
  return Append(target, "MODIFIED", *std::move(made));
}

std::uint64_t ApiStore::Delete(const ApiTarget& target, std::string_view name) {
  const ApiChange* const old = Find(target, name);
  if (old == nullptr) return 0;
  // The last state, with the version of the deletion.
  std::optional<ApiObject> last =
      StampObject(target, old->object.json, {std::to_string(version_ + 1), "", ""});
  const std::string key = old->key();
  Append(target, "DELETED", *std::move(last));
  live_.erase({target.collection, key});
  return version_;
}

const ApiChange* ApiStore::Find(const ApiTarget& target, std::string_view name) const {
  const auto found =
      live_.find({target.collection, target.namespace_ + "/" + std::string(name)});
  return found == live_.end() ? nullptr : &log_[found->second];
}

std::vector<const ApiChange*> ApiStore::At(const ApiTarget& target,
                                           std::uint64_t version) const {
  std::map<std::string, const ApiChange*> state;
  for (const ApiChange& change : log_) {
    if (change.version > version) break;
    if (!change.concerns(target)) continue;
    if (change.type == "DELETED") {
      state.erase(change.key());
    } else {
      state[change.key()] = &change;
    }
  }
  std::vector<const ApiChange*> objects;
  for (const auto& [key, change] : state) objects.push_back(change);
  return objects;
}

std::size_t ApiStore::PlaceAfter(std::uint64_t version) const {
  // One change has one version, from 1 on.
  return static_cast<std::size_t>(std::min<std::uint64_t>(version, log_.size()));
}

const ApiChange* ApiStore::Next(const ApiTarget& target, std::size_t& at) const {
  while (at < log_.size()) {
    const ApiChange& change = log_[at++];
    if (change.concerns(target)) return &change;
  }
  return nullptr;
}

}  // namespace k8sentry::testing::internal
