"""A backup is one archive of a node as it stood at one instant, and apart from it the keys, encrypted.

`take` makes both, `check` verifies an archive without writing anything, `restore` makes a node of them. The form of the
archive is in archive.py, of the keys in sealed.py; the rows come from store/portable.py. What a restored node does to
find out what its partners did meanwhile is in services/reconcile.py.
"""
