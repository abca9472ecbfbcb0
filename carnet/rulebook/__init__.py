"""Rule data as it is governed: proposed versions, signed approvals, withdrawals. What the data means is for `authorization`."""
