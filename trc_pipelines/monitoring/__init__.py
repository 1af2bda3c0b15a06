"""What watches jobs: health, incidents, alerts and their delivery, heartbeats, housekeeping."""
