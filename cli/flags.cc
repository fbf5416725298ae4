#include "flags.h"

namespace k8sentry::cli {
namespace {

FlagGroup ReportFlags() {
  return {"What is reported",
          {{0, "reason", "REASON,...", "only these reasons"},
           {0, "exclude-reason", "REASON,...", "never these reasons"},
           {'n', "namespace", "NS,...", "only objects of these namespaces"},
           {0, "exclude-namespace", "NS,...", "never objects of these namespaces"},
           {0, "type", "TYPE,...",
            "only these Event types; by default every type but Normal, "
            "and seven Normal reasons that mean trouble"}}};
}

FlagGroup GroupingFlags() {
  return {"How it is grouped and told",
          {{0, "threshold", "REASON=N",
            "tell a reason only from its Nth occurrence within 10m on"},
           {0, "window", "DURATION",
            "swallow repetitions this long, doubling up to 1h while they go on; 0 "
            "tells everything (default 5m)"},
           {0, "lookback", "DURATION",
            "how old the Events of the first list may be; 0 reports none of it; "
            "without effect on a replay (default 15m)"},
           {0, "cluster-name", "NAME",
            "joins the fingerprint, for several clusters in one project"}}};
}

FlagGroup LogFlags(std::string_view levels) {
  return {"Log, on stderr",
          {{0, "log-level", "LEVEL", levels},
           {0, "log-format", "FORMAT",
            "text or json (default: text on a terminal, json elsewhere)"},
           {'h', "help", "", "show this help"}}};
}

FlagGroup SentryFlagGroup() {
  return {
      "Sentry",
      {{0, "dsn-file", "FILE", "file with the DSN (default: $SENTRY_DSN)"},
       {0, "environment", "NAME",
        "environment of the issues (default: $SENTRY_ENVIRONMENT, then production)"},
       {0, "release", "NAME",
        "release of the issues (default: $SENTRY_RELEASE, then that of each workload: "
        "its annotation k8sentry.io/release, its label app.kubernetes.io/version or "
        "its image's tag)"},
       {0, "no-workload-release", "", "no release but that of --release"},
       {0, "server-name", "NAME", "server_name of the issues (default: none)"},
       {0, "sentry-logs", "WHICH",
        "off, told or all: send no Event, the Events told, or all that the filters let "
        "through as structured logs, too (default off)"},
       {0, "max-breadcrumbs", "N",
        "earlier Events of the workload that go with an issue, up to 100 (default 20)"},
       {0, "sample-rate", "RATE",
        "share of the issues to send, 0 to 1 (default: $SENTRY_SAMPLE_RATE, then 1)"},
       {0, "logs-sample-rate", "RATE", "share of the logs to send (default 1)"},
       {0, "scrub-key", "WORD,...",
        "mask values behind keys with these words, beside password, token and others"},
       {0, "scrub-pattern", "REGEX",
        "mask what matches (RE2), beside known tokens; repeat it for more"},
       {0, "no-scrubbing", "", "send text as the cluster wrote it, secrets and all"},
       {0, "no-client-reports", "",
        "do not tell Sentry how much was not sent, and why"},
       {0, "sentry-ca-file", "FILE", "certificates to trust for Sentry"},
       {0, "sentry-cert-file", "FILE", "client certificate for Sentry"},
       {0, "sentry-key-file", "FILE", "and its key"},
       {0, "sentry-insecure-skip-tls-verify", "",
        "trust any certificate; whoever sits between reads all issues"}}};
}

FlagGroup ClusterFlags() {
  return {
      "Cluster, as kubectl finds it",
      {{0, "kubeconfig", "FILE",
        "kubeconfig to use (default: $KUBECONFIG, then the Pod's service account, "
        "then ~/.kube/config)"},
       {0, "context", "NAME", "context of the kubeconfig"},
       {0, "cluster", "NAME", "cluster of the kubeconfig, not the context's"},
       {0, "user", "NAME", "user of the kubeconfig, not the context's"},
       {'A', "all-namespaces", "", "watch all namespaces (the default)"},
       {0, "as", "USER", "act as this user"},
       {0, "as-group", "GROUP", "and in this group; repeat it for more"},
       {0, "as-uid", "UID", "and with this UID"},
       {0, "request-timeout", "DURATION", "how long anything but a watch may take"}}};
}

FlagGroup ServerFlags() {
  return {"Server, over what the above says",
          {{0, "server", "URL",
            "API server; without kubeconfig, context, cluster and user it is all that "
            "is known, for an agent that is no Pod"},
           {0, "token-file", "FILE",
            "file with the bearer token, read again when it changes; a token itself is "
            "never a flag, for flags are visible"},
           {0, "certificate-authority", "FILE",
            "certificates to trust, read again when they change"},
           {0, "tls-server-name", "NAME", "name in the server's certificate"},
           {0, "insecure-skip-tls-verify", "",
            "trust any certificate; whoever sits between reads the token"}}};
}

FlagGroup OwnerFlags() {
  return {
      "Owners",
      {{0, "no-owner-lookup", "",
        "do not ask the API server whose Pods, ReplicaSets and Jobs they are; their "
        "names must do"},
       {0, "owner-wait", "DURATION",
        "how long an Event waits for that answer (default 500ms)"}}};
}

CommandSpec RunCommand() {
  CommandSpec run = {
      .name = "run",
      .arguments = "[FLAGS]",
      .summary = "Watch a cluster and send its failures to Sentry",
      .description =
          "Watches the Events of a cluster until it is told to stop, and sends each\n"
          "trouble once, with its true number of occurrences, to the DSN in "
          "SENTRY_DSN.\n"
          "Without a DSN it prints the issues as they come.\n"
          "\n"
          "SIGINT and SIGTERM deliver what waits and print the ledger; a second one "
          "ends\n"
          "at once.",
      .groups = {ClusterFlags(),
                 ServerFlags(),
                 OwnerFlags(),
                 ReportFlags(),
                 GroupingFlags(),
                 SentryFlagGroup(),
                 {"Output, shutdown and restart",
                  {{'o', "output", "FORMAT",
                    "without a DSN: text or ndjson, on stdout (default text)"},
                   {0, "color", "WHEN", "auto, always or never (default auto)"},
                   {0, "state-file", "FILE",
                    "go on where the last run with this file stopped, so that a "
                    "restart loses nothing and tells nothing twice; in a directory "
                    "that nobody else may write to"},
                   {0, "spool", "DIR",
                    "keep in this folder what Sentry does not take, so that an "
                    "outage of it loses nothing; nobody else may write to it"},
                   {0, "spool-size", "SIZE",
                    "bytes it may hold, as 64MiB or 2GiB; the oldest goes first "
                    "(default 256MiB)"},
                   {0, "spool-age", "DURATION",
                    "what waits there longer is lost (default 24h)"},
                   {0, "drain-timeout", "DURATION",
                    "how long to deliver what waits at the end (default 5s)"}}},
                 LogFlags("debug, info, warning, error or off (default info)")},
      .environment =
          "  SENTRY_DSN                where issues go; never a flag, for flags are "
          "visible\n"
          "  SENTRY_ENVIRONMENT        environment of the issues (default production)\n"
          "  SENTRY_RELEASE            release of the issues (default: each "
          "workload's)\n"
          "  SENTRY_SAMPLE_RATE        share of the issues to send, 0 to 1\n"
          "  KUBECONFIG                kubeconfig files, separated by ':'\n"
          "  HTTPS_PROXY, NO_PROXY     proxy for Sentry and for the API server\n"
          "\n"
          "  A program that the kubeconfig names to fetch a credential (exec) gets "
          "the\n"
          "  environment, but nothing that begins with SENTRY_.\n",
      .examples =
          "  # see what is wrong right now, without an account anywhere\n"
          "  k8sentry run --context staging\n"
          "\n"
          "  # the agent, for one team's namespaces\n"
          "  SENTRY_DSN=https://KEY@HOST/PROJECT k8sentry run -n shop,payments\n"
          "\n"
          "  # on a host that is no Pod\n"
          "  k8sentry run --server https://10.0.0.1:6443 --token-file "
          "/etc/k8sentry/token "
          "\\\n"
          "    --certificate-authority /etc/kubernetes/pki/ca.crt\n"
          "\n"
          "  # only after the fifth failed probe\n"
          "  k8sentry run --threshold Unhealthy=5\n"
          "\n"
          "  # the agent across restarts, and outages of Sentry\n"
          "  k8sentry run --state-file /var/lib/k8sentry/state.json \\\n"
          "    --spool /var/lib/k8sentry/spool\n",
  };
  return run;
}

CommandSpec ReplayCommand() {
  return {
      .name = "replay",
      .arguments = "[FLAGS] FILE... | -",
      .summary = "Show the issues in recorded Events, and send them if there is a DSN",
      .description =
          "Reads watch streams, Lists and whatever kubectl prints, in the given order, "
          "and\n"
          "shows one line per trouble. '-' is standard input. With SENTRY_DSN set the "
          "same\n"
          "run sends the issues, too; sending them twice is harmless, for their ids "
          "are\n"
          "made from the Events.",
      .groups =
          {{"Output",
            {{'o', "output", "FORMAT",
              "table, json or ndjson (default table); ndjson is one line per telling "
              "as it happens"},
             {0, "color", "WHEN", "auto, always or never (default auto)"},
             {0, "dry-run", "", "send nothing, even with a DSN"},
             {0, "drain-timeout", "DURATION",
              "how long to deliver what waits after Ctrl-C (default 5s)"}}},
           ReportFlags(),
           GroupingFlags(),
           SentryFlagGroup(),
           LogFlags("debug, info, warning, error or off (default warning)")},
      .environment =
          "  SENTRY_DSN, SENTRY_ENVIRONMENT, SENTRY_RELEASE, HTTPS_PROXY, NO_PROXY\n"
          "                            as for run\n"
          "  NO_COLOR, COLUMNS         no colours; width of the table\n",
      .examples =
          "  # what is wrong in this cluster?\n"
          "  kubectl get events -A -o json | k8sentry replay -\n"
          "\n"
          "  # follow it\n"
          "  kubectl get events -A -w --output-watch-events -o json |\n"
          "    k8sentry replay -o ndjson -\n"
          "\n"
          "  # the five most frequent issues of a recording\n"
          "  k8sentry replay -o json events.ndjson |\n"
          "    jq -r '.issues | sort_by(-.sightings)[:5][].title'\n",
  };
}

CommandSpec DoctorCommand() {
  return {
      .name = "doctor",
      .arguments = "[FLAGS]",
      .summary = "Find out whether a cluster can be watched, and what is missing",
      .description =
          "Asks the API server who it is, what time it has, whom it takes us for, and "
          "each\n"
          "right that 'k8sentry run' with the same flags needs; says what to do about "
          "what\n"
          "is wrong, and prints the role that is missing. Changes nothing, and sends\n"
          "nothing to Sentry. Ends within --request-timeout (default 10s).",
      .groups = {ClusterFlags(),
                 ServerFlags(),
                 {"What run shall do",
                  {{'n', "namespace", "NS,...", "watch only these namespaces"},
                   {0, "no-owner-lookup", "", "not ask for owners"},
                   {0, "state-file", "FILE",
                    "go on after a restart, which wants to tell clusters apart; the "
                    "file is not looked at"}}},
                 {"Output",
                  {{'o', "output", "FORMAT", "text or json (default text)"},
                   {0, "color", "WHEN", "auto, always or never (default auto)"},
                   {'h', "help", "", "show this help"}}}},
      .environment =
          "  SENTRY_DSN, KUBECONFIG, HTTPS_PROXY, NO_PROXY\n"
          "                            as for run\n"
          "  NO_COLOR                  no colours\n",
      .examples =
          "  # why does it see nothing?\n"
          "  k8sentry doctor --context staging\n"
          "\n"
          "  # grant what is missing\n"
          "  k8sentry doctor -o json | jq -r .role | kubectl apply -f -\n"
          "\n"
          "  # what a service account may\n"
          "  k8sentry doctor --as system:serviceaccount:ops:k8sentry -n "
          "shop,payments\n",
  };
}

CommandSpec TestDsnCommand() {
  return {
      .name = "test-dsn",
      .arguments = "[FLAGS]",
      .summary = "Send Sentry a test issue, log and check-in, and show its answers",
      .description =
          "Sends one issue of level info, one log and one check-in, each marked as a "
          "test,\n"
          "as 'k8sentry run' would send them, and shows what Sentry answered, the ids "
          "to\n"
          "look for, rate limits, and what to do about what failed. Needs no cluster.\n"
          "The check-in makes a monitor named k8sentry-test, once.",
      .groups = {SentryFlagGroup(),
                 {"Output",
                  {{0, "no-check-in", "", "make no monitor"},
                   {0, "timeout", "DURATION",
                    "how long Sentry may take for each (default 10s)"},
                   {'o', "output", "FORMAT", "text or json (default text)"},
                   {0, "color", "WHEN", "auto, always or never (default auto)"},
                   {'h', "help", "", "show this help"}}}},
      .environment =
          "  SENTRY_DSN, SENTRY_ENVIRONMENT, SENTRY_RELEASE, HTTPS_PROXY, NO_PROXY\n"
          "                            as for run\n"
          "  NO_COLOR                  no colours\n",
      .examples =
          "  # does it arrive?\n"
          "  SENTRY_DSN=https://KEY@HOST/PROJECT k8sentry test-dsn\n",
  };
}

CommandSpec VersionCommand() {
  return {.name = "version",
          .arguments = "",
          .summary = "Print the version",
          .description = "Prints the version of k8sentry.",
          .groups = {{"Flags", {{'h', "help", "", "show this help"}}}}};
}

CommandSpec HelpCommand() {
  return {.name = "help",
          .arguments = "[COMMAND]",
          .summary = "Explain a command",
          .description = "Prints the help of a command, or an overview.",
          .groups = {{"Flags", {{'h', "help", "", "show this help"}}}}};
}

}  // namespace

const std::vector<CommandSpec>& Commands() {
  static const std::vector<CommandSpec> commands = {RunCommand(),     ReplayCommand(),
                                                    DoctorCommand(),  TestDsnCommand(),
                                                    VersionCommand(), HelpCommand()};
  return commands;
}

const CommandSpec* FindCommand(std::string_view name) {
  for (const CommandSpec& command : Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace k8sentry::cli
