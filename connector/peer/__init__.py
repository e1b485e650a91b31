"""The only calls to addresses that a peer chose, small or bulk: vetted, limited, never redirected."""
