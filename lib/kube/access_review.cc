#include "kube/access_review.h"

#include <algorithm>
#include <iterator>

#include "json/json_reader.h"
#include "k8sentry/json_writer.h"
#include "k8sentry/text.h"
#include "kube/api_status.h"

namespace k8sentry::internal {
namespace {

struct GroupResource {
  std::string_view group, resource;
};
// Whose owners Events are asked for, and what these belong to.
constexpr GroupResource kOwned[] = {
    {"", "pods"},
    {"apps", "replicasets"},
    {"apps", "deployments"},
    {"apps", "statefulsets"},
    {"apps", "daemonsets"},
    {"batch", "jobs"},
    {"batch", "cronjobs"},
};

std::string In(std::string_view what, const std::string& namespace_name) {
  return std::string(what) + (namespace_name.empty() ? "" : " in " + namespace_name);
}

AccessTopic Events(const std::string& space) {
  return {.what = In("events", space),
          .consequence = "they cannot be watched",
          .questions = {{.namespace_ = space, .resource = "events", .verb = "list"},
                        {.namespace_ = space, .resource = "events", .verb = "watch"}}};
}

AccessTopic Owners(const std::string& space) {
  AccessTopic topic = {
      .what = In("owners", space),
      .without = FindingLevel::kWarning,
      .consequence = "owners are guessed from names where these may not be read"};
  for (const auto& [group, resource] : kOwned) {
    topic.questions.push_back({.namespace_ = space,
                               .group = std::string(group),
                               .resource = std::string(resource),
                               .verb = "get"});
  }
  return topic;
}

AccessTopic ClusterId() {
  return {.what = "cluster id",
          .without = FindingLevel::kWarning,
          .consequence =
              "after a restart another cluster behind the same address is "
              "told only by its versions",
          .questions = {{.namespace_ = "kube-system",
                         .resource = "namespaces",
                         .verb = "get",
                         .name = "kube-system"}}};
}

// "list, watch events; get pods, jobs"
std::string Listed(const std::vector<AccessRule>& rules) {
  std::string out;
  for (const AccessRule& rule : rules) {
    if (!out.empty()) out += "; ";
    for (const std::string& verb : rule.verbs) {
      out += verb + (&verb == &rule.verbs.back() ? " " : ", ");
    }
    for (const std::string& resource : rule.resources) {
      out += resource + (&resource == &rule.resources.back() ? "" : ", ");
    }
  }
  return out;
}

// As few rules as say no more than `questions` ask.
std::vector<AccessRule> RulesOf(const std::vector<const AccessQuestion*>& questions) {
  std::vector<AccessRule> of_one;  // resource
  for (const AccessQuestion* q : questions) {
    AccessRule rule = {.namespace_ = q->namespace_,
                       .api_group = q->group,
                       .resources = {q->resource},
                       .verbs = {q->verb}};
    if (!q->name.empty()) rule.resource_names = {q->name};
    const auto same = std::find_if(of_one.begin(), of_one.end(), [&](AccessRule other) {
      other.verbs = rule.verbs;
      return other == rule;
    });
    if (same == of_one.end()) {
      of_one.push_back(std::move(rule));
    } else {
      same->verbs.push_back(q->verb);
    }
  }
  std::vector<AccessRule> rules;
  for (AccessRule& rule : of_one) {
    const auto same = std::find_if(rules.begin(), rules.end(), [&](AccessRule other) {
      other.resources = rule.resources;
      return other == rule;
    });
    if (same == rules.end()) {
      rules.push_back(std::move(rule));
    } else {
      same->resources.push_back(rule.resources[0]);
    }
  }
  return rules;
}

}  // namespace

std::string AccessQuestion::Body() const {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("apiVersion").String("authorization.k8s.io/v1");
  json.Key("kind").String("SelfSubjectAccessReview");
  json.Key("spec").BeginObject().Key("resourceAttributes").BeginObject();
  if (!namespace_.empty()) json.Key("namespace").String(namespace_);
  json.Key("verb").String(verb).Key("group").String(group);
  json.Key("resource").String(resource);
  if (!name.empty()) json.Key("name").String(name);
  json.EndObject().EndObject().EndObject();
  return out;
}

void AccessQuestion::Read(int status, std::string_view body) {
  if (status != 200 && status != 201) {
    refused = status == 403 || status == 404 || status == 405;
    const std::string message = ParseApiStatus(body.substr(0, kMaxErrorBytes)).message;
    why = "HTTP " + std::to_string(status) + (message.empty() ? "" : ": " + message);
    return;
  }
  const JsonReader review(body);
  allowed = review.Bool({"status", "allowed"});
  if (!allowed) why = "the answer cannot be read";
  if (allowed.value_or(true)) return;
  for (const char* key : {"reason", "evaluationError"}) {
    why = review.String({"status", key}).value_or("");
    if (!why.empty()) break;
  }
  why = TruncateUtf8(FirstLine(why), 300);
}

Finding AccessTopic::Judge() const {
  std::vector<const AccessQuestion*> yes, no, unknown;
  for (const AccessQuestion& question : questions) {
    (!question.allowed ? unknown : *question.allowed ? yes : no).push_back(&question);
  }
  Finding finding = {.what = what, .missing = RulesOf(no)};
  if (!no.empty()) {
    finding.level = without;
    finding.detail = "it may not " + Listed(finding.missing) + ": " + consequence;
    if (!no[0]->why.empty()) finding.detail += " (" + no[0]->why + ")";
    finding.remedy = "add to its role: ";
    for (const AccessRule& rule : finding.missing) {
      if (&rule != &finding.missing[0]) finding.remedy += "; and ";
      finding.remedy += RuleText(rule);
    }
  } else if (!unknown.empty()) {
    // Whoever hides what is allowed may allow it.
    finding.level = unknown[0]->refused ? FindingLevel::kWarning : without;
    finding.detail = "it is not known whether it may " + Listed(RulesOf(unknown)) +
                     ": " + unknown[0]->why;
    finding.remedy =
        "let it create selfsubjectaccessreviews (ClusterRole "
        "system:basic-user), or see what `k8sentry run` says";
    if (!unknown[0]->refused) finding.remedy = "try again";
  } else {
    finding.detail = "it may " + Listed(RulesOf(yes));
  }
  return finding;
}

std::vector<AccessTopic> WantedAccess(const ClusterCheckOptions& options) {
  std::vector<std::string> spaces = options.namespaces;
  if (spaces.empty()) spaces.emplace_back();
  std::sort(spaces.begin(), spaces.end());
  spaces.erase(std::unique(spaces.begin(), spaces.end()), spaces.end());
  std::vector<AccessTopic> topics;
  std::transform(spaces.begin(), spaces.end(), std::back_inserter(topics), Events);
  if (options.owners) {
    std::transform(spaces.begin(), spaces.end(), std::back_inserter(topics), Owners);
  }
  if (options.cluster_id) topics.push_back(ClusterId());
  return topics;
}

}  // namespace k8sentry::internal
