"""The only SQL: tables, units of work on two stores, jobs, journal, and named queries per thing."""
