"""One CWMP session: from a POST of the CPE to the answer, and what is done for the device meanwhile."""
