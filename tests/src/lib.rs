//! shared helpers of the test rooms
