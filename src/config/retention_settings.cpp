#include "config/retention_settings.hpp"

#include "config/settings_keys.hpp"

namespace bt2c::config {

namespace {
constexpr int days_max = 3650, weeks_max = 520, months_max = 120;
}

std::vector<SettingsKey> retention_keys() {
    return {
        {"retention.recent_days",
         [](Settings& to, const TomlValue& value) { to.retention.recent_days = value.integer(1, days_max); }},
        {"retention.daily_days",
         [](Settings& to, const TomlValue& value) { to.retention.daily_days = value.integer(0, days_max); }},
        {"retention.weekly_weeks",
         [](Settings& to, const TomlValue& value) {
             to.retention.weekly_weeks = value.integer(0, weeks_max);
         }},
        {"retention.monthly_months",
         [](Settings& to, const TomlValue& value) {
             to.retention.monthly_months = value.integer(0, months_max);
         }},
        {"retention.safety_days",
         [](Settings& to, const TomlValue& value) { to.retention.safety_days = value.integer(1, days_max); }},
    };
}

}  // namespace bt2c::config
