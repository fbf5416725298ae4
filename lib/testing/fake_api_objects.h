// The JSON that an API server writes: objects, Lists, frames and Status.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/fake_api_target.h"

namespace k8sentry::testing::internal {

// What the server itself says about an object. Empty: it says nothing.
struct ApiStamp {
  std::string version;
  std::string uid;
  std::string created;  // RFC 3339
};

// An object as it is stored: with kind and apiVersion first, so that an item of a List,
// which has neither, is its end.
struct ApiObject {
  std::string name, namespace_, uid, created;
  std::string json;
  std::size_t item_begin = 0;  // behind kind and apiVersion

  std::string Item() const { return "{" + json.substr(item_begin); }
};

// `object` with the stamp: its version replaced, the rest added where it is missing.
// nullopt: no JSON object, or none with metadata.name.
std::optional<ApiObject> StampObject(const ApiTarget& target, std::string_view object,
                                     const ApiStamp& stamp);

// "Event" for "events".
std::string KindOf(std::string_view resource);

// A page. `remaining` objects follow, from `token` on.
std::string ApiList(const ApiTarget& target, const std::vector<std::string>& items,
                    std::uint64_t version, const std::string& token,
                    std::size_t remaining);
std::string ApiFrame(std::string_view type, std::string_view object);
std::string ApiBookmark(const ApiTarget& target, std::uint64_t version,
                        bool ends_initial_events);
// Only what stands in its metadata.
std::string PartialObject(std::string_view object);

// The members of a JSON object, each with the text of its value.
std::vector<std::pair<std::string, std::string>> JsonMembers(std::string_view object);

}  // namespace k8sentry::testing::internal
