#include "tests/sentry/stories.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace k8sentry::testing {
namespace {

Time At(std::string_view text) { return *ParseTime(text); }

// Puts the parts together that every telling has; what a story is about it sets itself.
Telling Tell(std::uint8_t number, const Event& event, std::string_view workload_kind,
             std::string_view workload, std::string_view message_class) {
  Telling telling;
  telling.id.fill(number);
  telling.id[6] = 0x40 | (number & 0x0F);  // version 4, as semantics 7 has it
  telling.id[8] = 0x80 | (number & 0x3F);
  telling.workload_kind = workload_kind;
  telling.event = OwnedEvent(event);
  const Event& owned = telling.event.view();
  telling.key = {.namespace_ = std::string(owned.involved_object.namespace_),
                 .workload = std::string(workload),
                 .container = std::string(owned.involved_object.container()),
                 .reason = std::string(owned.reason),
                 .message_class = std::string(message_class)};
  telling.sightings = owned.total();
  telling.first_seen = owned.first_time().value_or(Time());
  telling.last_seen = owned.occurrence_time().value_or(Time());
  return telling;
}

// What the kubelet on the node "localhost" emits.
Event KubeletEvent(std::string_view first, std::string_view last, std::int32_t count) {
  Event event;
  event.type = "Warning";
  event.source_component = "kubelet";
  event.source_host = "localhost";
  event.reporting_component = "kubelet";
  event.reporting_instance = "localhost";
  event.creation_timestamp = At(first);
  event.first_timestamp = At(first);
  event.last_timestamp = At(last);
  event.count = count;
  return event;
}

Event ControllerEvent(std::string_view component, std::string_view time) {
  Event event;
  event.type = "Warning";
  event.source_component = component;
  event.reporting_component = component;
  event.creation_timestamp = At(time);
  event.first_timestamp = At(time);
  event.last_timestamp = At(time);
  event.count = 1;
  return event;
}

Event BackOffEvent() {
  Event event = KubeletEvent("2026-11-21T03:12:16Z", "2026-11-21T03:12:16Z", 1);
  event.name = "bad-command.18e9f0d7d9644269";
  event.namespace_ = "shop";
  event.uid = "d9780d6f-da75-4c3c-a869-c266e17ab1b7";
  event.resource_version = "736";
  event.involved_object = {.kind = "Pod",
                           .namespace_ = "shop",
                           .name = "bad-command",
                           .uid = "ac702fcd-de87-4b14-bebc-cfb3f54c1fbb",
                           .api_version = "v1",
                           .resource_version = "357",
                           .field_path = "spec.containers{c}"};
  event.reason = "BackOff";
  event.message =
      "Back-off restarting failed container c in pod "
      "bad-command_shop(ac702fcd-de87-4b14-bebc-cfb3f54c1fbb)";
  return event;
}

Telling BackOff() {
  return Tell(0x01, BackOffEvent(), "Pod", "bad-command", "container");
}

Telling FailedScheduling() {
  Event event;
  event.name = "gpu-trainer.18e9f0d6f6265353";
  event.namespace_ = "shop";
  event.uid = "5240e00a-6921-4f5c-bd86-d12aeacecf3e";
  event.resource_version = "338";
  event.creation_timestamp = At("2026-11-21T03:12:12Z");
  event.involved_object = {.kind = "Pod",
                           .namespace_ = "shop",
                           .name = "gpu-trainer",
                           .uid = "e95dc1aa-4b29-4d15-89c5-abc12fb6ec10",
                           .api_version = "v1",
                           .resource_version = "334"};
  event.reason = "FailedScheduling";
  event.action = "Scheduling";
  event.message =
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. "
      "preemption: 0/1 nodes are available: 1 Preemption is not helpful for "
      "scheduling.";
  event.type = "Warning";
  event.reporting_component = "default-scheduler";
  event.reporting_instance = "default-scheduler-vm";
  event.event_time = At("2026-11-21T03:12:12.527225Z");
  return Tell(0x02, event, "Pod", "gpu-trainer", "unschedulable");
}

Telling FailedMount() {
  Event event = KubeletEvent("2026-11-21T03:12:12Z", "2026-11-21T03:12:12Z", 1);
  event.name = "needs-config.18e9f0d700b08c23";
  event.namespace_ = "shop";
  event.uid = "d1862a59-b6d6-4d2c-9f1a-0745dabcb873";
  event.resource_version = "362";
  event.involved_object = {.kind = "Pod",
                           .namespace_ = "shop",
                           .name = "needs-config",
                           .uid = "db094cb8-00db-43c6-a64c-cf300a48dcd2",
                           .api_version = "v1",
                           .resource_version = "345"};
  event.reason = "FailedMount";
  event.message =
      "MountVolume.SetUp failed for volume \"v\" : configmap \"missing-config\" not "
      "found";
  return Tell(0x03, event, "Pod", "needs-config", "configmap missing");
}

Event UnhealthyEvent() {
  Event event = KubeletEvent("2026-11-21T03:12:13Z", "2026-11-21T03:12:13Z", 1);
  event.name = "ledger-55469f55d9-sslhh.18e9f0d74d261ee4";
  event.namespace_ = "payments";
  event.uid = "80d290de-b137-4bf9-ae0c-c77db78a22fc";
  event.resource_version = "559";
  event.involved_object = {.kind = "Pod",
                           .namespace_ = "payments",
                           .name = "ledger-55469f55d9-sslhh",
                           .uid = "ba3aaccf-dcca-44bf-956d-f9d4094d59fb",
                           .api_version = "v1",
                           .resource_version = "318",
                           .field_path = "spec.containers{ledger}"};
  event.reason = "Unhealthy";
  event.message =
      "Readiness probe failed: dial tcp 10.244.0.6:8080: connect: connection refused";
  return event;
}

Telling Unhealthy() {
  return Tell(0x04, UnhealthyEvent(), "Deployment", "ledger", "readiness");
}

Event ImageEvent(std::string_view reason, std::string_view message) {
  Event event = KubeletEvent("2026-11-21T03:12:13Z", "2026-11-21T03:12:14Z", 2);
  event.name = "frontend-5b5df97f4-x79g4.18e9f0d71ec16db0";
  event.namespace_ = "shop";
  event.uid = "ebc38ea4-0266-4223-9051-f3b76ada6b85";
  event.resource_version = "405";
  event.involved_object = {.kind = "Pod",
                           .namespace_ = "shop",
                           .name = "frontend-5b5df97f4-x79g4",
                           .uid = "c88b5136-1423-41fa-8d8d-9727c905973a",
                           .api_version = "v1",
                           .resource_version = "303",
                           .field_path = "spec.containers{web}"};
  event.reason = reason;
  event.message = message;
  return event;
}

Telling Failed() {
  return Tell(
      0x05,
      ImageEvent("Failed",
                 "Failed to pull image \"127.0.0.1:1/frontend:2.0.1\": failed to "
                 "resolve reference \"127.0.0.1:1/frontend:2.0.1\": dial tcp "
                 "127.0.0.1:1: connect: connection refused"),
      "Deployment", "frontend", "Failed to pull image");
}

Telling NormalBackOff() {
  Event event =
      ImageEvent("BackOff", "Back-off pulling image \"127.0.0.1:1/frontend:2.0.1\"");
  event.type = "Normal";
  return Tell(0x06, event, "Deployment", "frontend", "image");
}

Telling FailedCreate() {
  Event event = ControllerEvent("replicaset-controller", "2026-11-21T03:12:13Z");
  event.name = "blocked-f857fd999.18e9f0d715020bf8";
  event.namespace_ = "tight";
  event.uid = "0495e79c-39b5-4b09-b0f0-412338e3064c";
  event.resource_version = "393";
  event.involved_object = {.kind = "ReplicaSet",
                           .namespace_ = "tight",
                           .name = "blocked-f857fd999",
                           .uid = "6b017613-8f37-4bcc-afbb-e0bc08de8b70",
                           .api_version = "apps/v1",
                           .resource_version = "386"};
  event.reason = "FailedCreate";
  event.message =
      "Error creating: pods \"blocked-f857fd999-brnml\" is forbidden: exceeded quota: "
      "none, requested: pods=1, used: pods=0, limited: pods=0";
  return Tell(0x07, event, "Deployment", "blocked", "quota");
}

Telling BackoffLimitExceeded() {
  Event event = ControllerEvent("job-controller", "2026-11-21T03:12:50Z");
  event.name = "import.18e9f0dfb0f2d01e";
  event.namespace_ = "batch-jobs";
  event.uid = "5690e668-a222-4751-9467-bf788e9d91eb";
  event.resource_version = "1180";
  event.involved_object = {.kind = "Job",
                           .namespace_ = "batch-jobs",
                           .name = "import",
                           .uid = "c607f0ff-edda-468c-8160-ef1aa6fe056e",
                           .api_version = "batch/v1",
                           .resource_version = "1177"};
  event.reason = "BackoffLimitExceeded";
  event.message = "Job has reached the specified backoff limit";
  return Tell(0x08, event, "Job", "import",
              "Job has reached the specified backoff limit");
}

Event NodeEvent(std::string_view type, std::string_view reason,
                std::string_view message) {
  Event event = KubeletEvent("2026-11-21T03:15:05Z", "2026-11-21T03:15:05Z", 1);
  event.type = type;
  event.name = "localhost.18e9f0ff3217000d";
  event.namespace_ = "default";
  event.uid = "4ff8947b-9972-48e8-9b80-6c24ee950389";
  event.resource_version = "2365";
  event.involved_object = {.kind = "Node",
                           .name = "localhost",
                           .uid = "3c82d12b-8cf9-43a8-aee8-db9dc9cd9f49",
                           .api_version = "v1"};
  event.reason = reason;
  event.message = message;
  return event;
}

Telling NodeNotReady() {
  return Tell(
      0x09,
      NodeEvent("Normal", "NodeNotReady", "Node localhost status is now: NodeNotReady"),
      "Node", "localhost", "Node * status is now: NodeNotReady");
}

Telling ClusterScoped() {
  Telling telling =
      Tell(0x0A,
           NodeEvent("Warning", "SystemOOM",
                     "System OOM encountered, victim process: app, pid: 11701"),
           "Node", "localhost", "System OOM encountered, victim process: app, pid: *");
  telling.key.cluster = "prod-eu";
  return telling;
}

Telling StillFiring() {
  Event event = UnhealthyEvent();
  event.resource_version = "2101";
  event.last_timestamp = At("2026-11-21T03:22:13Z");
  event.count = 58;
  Telling telling = Tell(0x0B, event, "Deployment", "ledger", "readiness");
  telling.kind = TellingKind::kStillFiring;
  telling.sightings = 0;
  telling.swallowed = 57;
  telling.frames = 0;
  return telling;
}

Telling Each() {
  Telling telling = Tell(0x0C, BackOffEvent(), "Pod", "bad-command", "container");
  telling.kind = TellingKind::kEach;
  return telling;
}

Telling Hostile() {
  Event event = ControllerEvent("some\r\none", "2026-11-20T00:00:00Z");
  event.name = "hostile.1";
  event.namespace_ = "shop";
  event.uid = "eb3e2553-d386-4543-a354-5c0eb354ed91";
  event.resource_version = "2649";
  event.count = 3;
  event.involved_object = {
      .kind = "Pod", .namespace_ = "shop", .name = "a\npi\x1b[2J", .api_version = "v1"};
  event.reason = "Hostile";
  event.message =
      "red \x1b[31m text, bell \x07, <script>alert(1)</script>, {{ level }}, "
      "\xF0\x9F\x98\x80\n"
      "second line \xE2\x80\xAE reversed \xC2\x9B, not UTF-8 \xFF\xFE, \"quoted\" \\ "
      "and \x7F";
  event.reporting_instance = "here";
  return Tell(0x0D, event, "Pod", "a\npi\x1b[2J", "{{ level }}");
}

// Every text longer than Sentry takes, in characters of one, two and four bytes.
Telling Overlong() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "x\xC3\xA9\xF0\x9F\x98\x80";
  Event event = ControllerEvent(text, "2026-11-21T03:12:50Z");
  event.name = event.namespace_ = event.uid = event.resource_version = event.reason =
      event.action = event.message = event.source_host = event.reporting_instance =
          text;
  event.involved_object = {.kind = text,
                           .namespace_ = text,
                           .name = text,
                           .uid = text,
                           .api_version = text,
                           .field_path = text};
  Telling telling = Tell(0x0F, event, text, text, text);
  telling.key.cluster = telling.key.container = text;
  return telling;
}

// An event with nothing in it but what makes it one.
Telling Bare() {
  Event event;
  event.type = "Warning";
  event.involved_object.kind = "Pod";
  return Tell(0x0E, event, "Pod", "", "");
}

}  // namespace

std::vector<Story> Stories() {
  return {{"backoff", BackOff()},
          {"failed-scheduling", FailedScheduling()},
          {"failed-mount", FailedMount()},
          {"unhealthy", Unhealthy()},
          {"failed", Failed()},
          {"normal-backoff", NormalBackOff()},
          {"failed-create", FailedCreate()},
          {"backoff-limit-exceeded", BackoffLimitExceeded()},
          {"node-not-ready", NodeNotReady()},
          {"cluster-scoped", ClusterScoped()},
          {"still-firing", StillFiring()},
          {"each", Each()},
          {"hostile", Hostile()},
          {"overlong", Overlong()},
          {"bare", Bare()}};
}

Telling StoryNamed(std::string_view name) {
  const std::vector<Story> stories = Stories();
  const auto found =
      std::find_if(stories.begin(), stories.end(),
                   [&](const Story& story) { return story.name == name; });
  if (found == stories.end()) ADD_FAILURE() << "no story " << name;
  return found == stories.end() ? Telling() : found->telling;
}

Time StorySentAt() { return At("2026-11-21T04:00:00Z"); }

Telling TellingOf(std::string_view reason, std::string_view message,
                  std::string_view type) {
  Event event = BackOffEvent();
  event.reason = reason;
  event.message = message;
  event.type = type;
  return Tell(0x7F, event, "Pod", "bad-command", "class");
}

}  // namespace k8sentry::testing
