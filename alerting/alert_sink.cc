#include "alerting/alert_sink.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "io/http_client.h"

namespace tidewright {
namespace {

using Json = nlohmann::json;
using Labels = std::map<std::string, std::string>;

constexpr Duration kConnectTimeout = std::chrono::seconds(1);
constexpr Duration kTimeout = std::chrono::seconds(3);
constexpr int kResendsUntilEnd = 4;  // as Prometheus does: three may be lost
constexpr std::size_t kExcerpt = 200;

Labels LabelsOf(const Alert& alert) {
  Labels labels = alert.labels;
  labels["alertname"] = alert.name;
  labels["severity"] = SeverityName(alert.severity);
  labels["source"] = "controller";
  return labels;
}

class AlertmanagerSink : public AlertSink {
 public:
  AlertmanagerSink(std::string url, Duration resend, Clock& clock)
      : url_(std::move(url)), resend_(resend), clock_(clock) {
    while (url_.ends_with('/')) url_.pop_back();
    url_ += "/api/v2/alerts";
  }

  Status Push(const std::vector<Alert>& firing, MonoTime now) override {
    Track(firing, now);
    const bool due = changed_ || !heard_ || now - *heard_ >= resend_;
    if (tracked_.empty() || !due) return OkStatus();
    TW_RETURN_IF_ERROR(Send(now));
    heard_ = now;
    changed_ = false;
    std::erase_if(tracked_, [](const auto& entry) { return entry.second.ended.has_value(); });
    return OkStatus();
  }

 private:
  struct Tracked {
    Labels annotations;
    MonoTime began;
    std::optional<MonoTime> ended;  ///< not told yet
  };

  void Track(const std::vector<Alert>& firing, MonoTime now) {
    std::map<Labels, const Alert*> current;
    for (const Alert& alert : firing) current[LabelsOf(alert)] = &alert;
    for (auto& [labels, tracked] : tracked_) {
      if (tracked.ended || current.contains(labels)) continue;
      tracked.ended = now;
      changed_ = true;
    }
    for (const auto& [labels, alert] : current) {
      const auto it = tracked_.find(labels);
      if (it != tracked_.end() && !it->second.ended &&
          it->second.annotations == alert->annotations) {
        continue;
      }
      const bool known = it != tracked_.end() && !it->second.ended;
      tracked_[labels] = {alert->annotations, known ? it->second.began : now, std::nullopt};
      changed_ = true;
    }
    // What the receiver was last told has ended there by itself meanwhile.
    std::erase_if(tracked_, [&](const auto& entry) {
      return entry.second.ended && now - *entry.second.ended >= resend_ * kResendsUntilEnd;
    });
  }

  Status Send(MonoTime now) {
    const WallTime wall = clock_.RealWall();
    Json alerts = Json::array();
    for (const auto& [labels, tracked] : tracked_) {
      const WallTime ends =
          tracked.ended ? wall - (now - *tracked.ended) : wall + resend_ * kResendsUntilEnd;
      alerts.push_back({{"labels", labels},
                        {"annotations", tracked.annotations},
                        {"startsAt", FormatTime(wall - (now - tracked.began))},
                        {"endsAt", FormatTime(ends)}});
    }
    io::HttpCall call{.url = url_,
                      .method = "POST",
                      // Error texts may hold any bytes: those that are no UTF-8 are replaced.
                      .body = alerts.dump(-1, ' ', false, Json::error_handler_t::replace),
                      .content_type = "application/json",
                      .connect_timeout = kConnectTimeout,
                      .timeout = kTimeout};
    const auto reply = io::CallHttp(call);
    if (!reply.ok()) return Annotate(reply.status(), "push alerts");
    if (reply->ok()) return OkStatus();
    return Error(reply->status >= 500 ? StatusCode::kUnavailable : StatusCode::kFailedPrecondition,
                 "push alerts: {} answered {}: {}", io::WithoutSecrets(url_), reply->status,
                 reply->body.substr(0, kExcerpt));
  }

  std::string url_;
  Duration resend_;
  Clock& clock_;
  std::map<Labels, Tracked> tracked_;
  std::optional<MonoTime> heard_;  ///< when the receiver last took a push
  bool changed_ = false;
};

}  // namespace

std::unique_ptr<AlertSink> MakeAlertmanagerSink(std::string url, Duration resend, Clock& clock) {
  return std::make_unique<AlertmanagerSink>(std::move(url), resend, clock);
}

}  // namespace tidewright
