"""The morning schedule: a day's appointments, what each patient needs and who on the team does it. Pure.

`appointment` is what an EHR says, `entry` what a practice has set, `day` which appointments are shown and how, `row`
what one of them comes to.
"""
