"""Telling accounts that something happened, in the transaction in which it happens.

It owns notifications and their numbers, what an account wants to be told and how, and what is left to deliver. It does
not own what happened (the app whose verb calls `notify`), and holds nothing of it but a kind and an id: words are made
when a notification is read. Words: notification, kind, channel, preference, quiet hours, delivery.
"""
