"""Who may do what: accounts, memberships, sessions, access tokens and the policy table.

It owns sign-in and what a role may do. It knows no names of people and nothing clinical: a membership only holds the
ids of the provider and the patient that an account is. Words: account, membership, session (= refresh token family),
claim (who somebody says to be, until staff confirm it), operator (runs the platform, sees no patient).
"""
