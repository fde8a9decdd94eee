#pragma once
// Which backups are kept: the table `retention` of dr.toml. docs/handbook/retention.md says what each means.

namespace bt2c::config {

struct RetentionSettings {
    int recent_days = 7;      ///< 1 to 3650
    int daily_days = 30;      ///< 0 to 3650
    int weekly_weeks = 13;    ///< 0 to 520
    int monthly_months = 12;  ///< 0 to 120
    int safety_days = 30;     ///< 1 to 3650
};

}  // namespace bt2c::config
