#pragma once
// Signals of a program that an operator runs.

namespace bt2c::platform {

/// SIGINT, SIGTERM and SIGHUP ask for an interrupt (base::request_interrupt); a second one of the same
/// kind kills. A signal that the parent made this process ignore (nohup, a job in the background)
/// stays ignored. SIGPIPE is ignored: a reader of our output that goes away fails one write and not
/// the job. Called once, by main().
void handle_signals();

}  // namespace bt2c::platform
